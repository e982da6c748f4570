"""Formats whose codes are -1, 0 and 1: TQ1_0, TQ2_0."""

import numpy as np

from gateware.isa import CodeKind, VECTOR_CODES
from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks
from host.image.formats.raw_blocks import fp16_bits, raw_blocks

__all__ = ["TQ1_0", "TQ2_0"]

_SUPER_VECTORS = 8
_BYTE_TRITS = 5


def _trits_of_bytes():
    """Trit n of every byte value: int16 (5, 256).

    A byte is a fraction of 256. Its product with 3**n, modulo 256, is what the first n trits leave; the carry
    of three times that is the next trit. So the 13 values that no quantiser writes have trits too.
    """
    fractions = np.arange(256) * 3 ** np.arange(_BYTE_TRITS)[:, None] & 255
    return (fractions * 3 >> 8).astype(np.int16) - np.int16(1)


_TRITS = _trits_of_bytes()
_RUNS = ((0, 32, 5), (32, 16, 5), (48, 4, 4))
"""(first byte, bytes, trits of a byte) of each run of a block; trit n of byte j is its element bytes * n + j."""


def _split_tq1_0(tensor, rows):
    """52 bytes of trits, fp16 scale."""
    blocks = raw_blocks(tensor, rows)
    codes = np.empty((*blocks.shape[:2], _SUPER_VECTORS * VECTOR_CODES), np.int16)
    element = 0
    for start, size, trits in _RUNS:
        run = blocks[:, :, start:start + size]
        for table in _TRITS[:trits]:
            codes[:, :, element:element + size] = table[run]
            element += size
    return Blocks(codes=codes.reshape(len(codes), -1, VECTOR_CODES), scale=fp16_bits(blocks, 52))


def _split_tq2_0(tensor, rows):
    """64 bytes of bit pairs, fp16 scale; codes are the bit pairs minus 1.

    Raises
    ------
    ValueError
        If the bit pair 3 occurs, which no quantiser writes; `host.gguf.tensor.Tensor.check_values` says where.
    """
    blocks = raw_blocks(tensor, rows)
    pairs = blocks[:, :, :64]
    if (pairs & pairs >> 1 & 0x55).any():
        raise ValueError(f"Codes of TQ2_0 tensor {tensor.name!r} must be 0..2, not 3")
    runs = pairs.reshape(*blocks.shape[:2], 2, 1, VECTOR_CODES)
    codes = runs >> np.arange(0, 8, 2, dtype=np.uint8)[:, None] & 3
    return Blocks(codes=codes.reshape(len(blocks), -1, VECTOR_CODES).astype(np.int16) - np.int16(1),
                  scale=fp16_bits(blocks, 64))


TQ1_0 = BlockFormat(name="TQ1_0", code_bits=2, code_kind=CodeKind.TRITS, super_vectors=_SUPER_VECTORS,
                    split=_split_tq1_0)
# Bit pairs stay bit-planes: two's complement, of which -2 does not occur.
TQ2_0 = BlockFormat(name="TQ2_0", code_bits=2, code_kind=CodeKind.SIGNED, super_vectors=_SUPER_VECTORS,
                    split=_split_tq2_0)
