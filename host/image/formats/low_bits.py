"""Formats of one and two bits whose block is several vectors of 32 codes without sub-scales: Q1_0, Q2_0."""

import numpy as np

from gateware.isa import CodeKind, VECTOR_CODES
from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks
from host.image.formats.raw_blocks import fp16_bits, raw_blocks

__all__ = ["Q1_0", "Q2_0"]

_SIGN = np.uint16(0x8000)


def _split_q1_0(tensor, rows):
    """fp16 scale, 16 bytes of bits, lowest first; codes are 1 and, where the bit is 0, -1."""
    blocks = raw_blocks(tensor, rows)
    bits = np.unpackbits(np.ascontiguousarray(blocks[:, :, 2:]), axis=2, bitorder="little").astype(np.int16)
    return Blocks(codes=(2 * bits - np.int16(1)).reshape(len(blocks), -1, VECTOR_CODES), scale=fp16_bits(blocks, 0))


def _split_q2_0(tensor, rows):
    """fp16 scale, 16 bytes of bit pairs, four neighbours in a byte, lowest first.

    The number is the pair less 1, up to 2; two bits hold its negative, so the scale is the negative of the block's.
    """
    blocks = raw_blocks(tensor, rows)
    pairs = blocks[:, :, 2:, None] >> np.arange(0, 8, 2, dtype=np.uint8) & np.uint8(3)
    return Blocks(codes=np.int16(1) - pairs.reshape(len(blocks), -1, VECTOR_CODES).astype(np.int16),
                  scale=fp16_bits(blocks, 0) ^ _SIGN)


Q1_0 = BlockFormat(name="Q1_0", code_bits=1, code_kind=CodeKind.SIGNED, super_vectors=4, split=_split_q1_0)
Q2_0 = BlockFormat(name="Q2_0", code_bits=2, code_kind=CodeKind.SIGNED, super_vectors=2, split=_split_q2_0)
