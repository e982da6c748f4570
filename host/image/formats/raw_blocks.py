"""Views of a tensor's bytes."""

import numpy as np

__all__ = ["fp16_bits", "raw_blocks"]


def raw_blocks(tensor, rows):
    """The blocks of some rows: uint8 (rows, blocks, bytes of a block), a view if they are a slice and in order."""
    raw = tensor.raw_rows(rows)
    return raw.reshape(len(raw), raw.shape[1] // tensor.block_bytes, tensor.block_bytes)


def fp16_bits(blocks, at):
    """The fp16 at byte ``at`` of each block: uint16 (rows, blocks)."""
    return np.ascontiguousarray(blocks[:, :, at:at + 2]).view("<u2")[:, :, 0]
