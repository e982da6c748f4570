"""Formats whose super-block is eight vectors of 32 codes with sub-scales: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS."""

import numpy as np

from gateware.isa import CodeKind, VECTOR_CODES
from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks
from host.image.formats.raw_blocks import fp16_bits, raw_blocks
from host.image.formats.small_blocks import IQ4_NL

__all__ = ["IQ4_XS", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]

_SUPER_VECTORS = 8


def _fields(data, bits):
    """Runs of 32 bytes whose bit fields are vectors, lowest field first.

    uint8 (rows, blocks, 32 * runs) to (rows, blocks, 8 / bits * runs, 32); element j of a vector is a field
    of byte j.
    """
    runs = data.reshape(*data.shape[:2], -1, 1, VECTOR_CODES)
    fields = runs >> np.arange(0, 8, bits, dtype=np.uint8)[:, None] & np.uint8((1 << bits) - 1)
    return fields.reshape(*data.shape[:2], -1, VECTOR_CODES)


def _vectors(codes):
    """(rows, blocks, 8, 32) to int16 (rows, vectors, 32)."""
    return codes.reshape(len(codes), -1, VECTOR_CODES).astype(np.int16)


def _subs(subs, vector_subs):
    """(rows, blocks, sub-scales of a super-block) to int16 (rows, vectors, sub-scales of a vector)."""
    return subs.reshape(len(subs), -1, vector_subs).astype(np.int16)


def _six_bit_pairs(data):
    """Eight 6-bit sub-scales and eight 6-bit sub-minimums in 12 bytes.

    Bytes 0 to 3 hold sub-scales 0 to 3, bytes 4 to 7 sub-minimums 0 to 3 in their low six bits. For number
    4 + i of both, byte 8 + i has the low four bits (sub-scale in its low nibble), bytes i and 4 + i have the
    high two on top.
    """
    scales, minimums, low = data[:, :, 0:4], data[:, :, 4:8], data[:, :, 8:12]
    return (np.concatenate([scales & 63, low & 15 | scales >> 6 << 4], axis=2),
            np.concatenate([minimums & 63, low >> 4 | minimums >> 6 << 4], axis=2))


def _split_q2_k(tensor, rows):
    """16 bytes of sub-scales (low nibbles) and sub-minimums; 64 of bit pairs; fp16 scale; fp16 minimum."""
    blocks = raw_blocks(tensor, rows)
    return Blocks(codes=_vectors(_fields(blocks[:, :, 16:80], 2)), scale=fp16_bits(blocks, 80),
                  minimum=fp16_bits(blocks, 82), sub_scales=_subs(blocks[:, :, :16] & 15, 2),
                  sub_minimums=_subs(blocks[:, :, :16] >> 4, 2))


def _split_q3_k(tensor, rows):
    """32 bytes of third bits; 64 bytes of bit pairs; 12 bytes of sub-scales plus 32; fp16 scale.

    Codes are the 3-bit numbers minus 4. Sub-scale k has its low four bits in nibble k // 8 of byte k % 8 and
    its high two in bit pair k // 4 of byte 8 + k % 4.
    """
    blocks = raw_blocks(tensor, rows)
    codes = _fields(blocks[:, :, 32:96], 2) | _fields(blocks[:, :, :32], 1) << 2
    low, high = blocks[:, :, 96:104], blocks[:, :, None, 104:108]
    pairs = high >> np.arange(0, 8, 2, dtype=np.uint8)[:, None] & 3
    subs = np.concatenate([low & 15, low >> 4], axis=2) | pairs.reshape(*blocks.shape[:2], 16) << 4
    return Blocks(codes=_vectors(codes) - np.int16(4), scale=fp16_bits(blocks, 108),
                  sub_scales=_subs(subs, 2) - np.int16(32))


def _split_q4_k(tensor, rows):
    """fp16 scale; fp16 minimum; 12 bytes of sub-scales and sub-minimums; 128 bytes of nibbles."""
    blocks = raw_blocks(tensor, rows)
    sub_scales, sub_minimums = _six_bit_pairs(blocks[:, :, 4:16])
    return Blocks(codes=_vectors(_fields(blocks[:, :, 16:], 4)), scale=fp16_bits(blocks, 0),
                  minimum=fp16_bits(blocks, 2), sub_scales=_subs(sub_scales, 1),
                  sub_minimums=_subs(sub_minimums, 1))


def _split_q5_k(tensor, rows):
    """As Q4_K, with 32 bytes of fifth bits before the nibbles."""
    blocks = raw_blocks(tensor, rows)
    sub_scales, sub_minimums = _six_bit_pairs(blocks[:, :, 4:16])
    codes = _fields(blocks[:, :, 48:], 4) | _fields(blocks[:, :, 16:48], 1) << 4
    return Blocks(codes=_vectors(codes), scale=fp16_bits(blocks, 0), minimum=fp16_bits(blocks, 2),
                  sub_scales=_subs(sub_scales, 1), sub_minimums=_subs(sub_minimums, 1))


def _split_q6_k(tensor, rows):
    """128 bytes of low nibbles; 64 bytes of high bit pairs; 16 signed bytes of sub-scales; fp16 scale.

    Codes are the 6-bit numbers minus 32. In each half of a super-block, the low nibbles of 64 bytes belong to
    its vectors 0 and 1, the high nibbles to 2 and 3.
    """
    blocks = raw_blocks(tensor, rows)
    halves = blocks[:, :, :128].reshape(*blocks.shape[:2], 2, 1, 2, VECTOR_CODES)
    low = halves >> np.array([0, 4], np.uint8)[:, None, None] & 15
    high = _fields(blocks[:, :, 128:192], 2)
    codes = low.reshape(high.shape) | high << 4
    return Blocks(codes=_vectors(codes) - np.int16(32), scale=fp16_bits(blocks, 208),
                  sub_scales=_subs(np.ascontiguousarray(blocks[:, :, 192:208]).view(np.int8), 2))


def _split_iq4_xs(tensor, rows):
    """fp16 scale; 2 bytes of the high bit pairs of sub-scales plus 32; 4 bytes of their low nibbles; 128 of nibbles.

    Codes are indices into IQ4_NL's numbers; the low nibbles of 16 bytes are the first half of a vector, the high ones
    the second.
    """
    blocks = raw_blocks(tensor, rows)
    low = blocks[:, :, 4:8, None] >> np.array([0, 4], np.uint8) & np.uint8(15)
    high = blocks[:, :, 2:4, None] >> np.arange(0, 8, 2, dtype=np.uint8) & np.uint8(3)
    subs = low.reshape(*blocks.shape[:2], 8) | high.reshape(*blocks.shape[:2], 8) << 4
    codes = blocks[:, :, 8:].reshape(*blocks.shape[:2], 8, 1, 16) >> np.array([0, 4], np.uint8)[:, None] & np.uint8(15)
    return Blocks(codes=_vectors(codes.reshape(*blocks.shape[:2], 8, VECTOR_CODES)), scale=fp16_bits(blocks, 0),
                  sub_scales=_subs(subs, 1) - np.int16(32))


Q2_K = BlockFormat(name="Q2_K", code_bits=2, code_kind=CodeKind.UNSIGNED, super_vectors=_SUPER_VECTORS,
                   minimum=True, sub_bits=4, sub_codes=16, split=_split_q2_k)
Q3_K = BlockFormat(name="Q3_K", code_bits=3, code_kind=CodeKind.SIGNED, super_vectors=_SUPER_VECTORS,
                   sub_bits=6, sub_signed=True, sub_codes=16, split=_split_q3_k)
Q4_K = BlockFormat(name="Q4_K", code_bits=4, code_kind=CodeKind.UNSIGNED, super_vectors=_SUPER_VECTORS,
                   minimum=True, sub_bits=6, sub_codes=32, split=_split_q4_k)
Q5_K = BlockFormat(name="Q5_K", code_bits=5, code_kind=CodeKind.UNSIGNED, super_vectors=_SUPER_VECTORS,
                   minimum=True, sub_bits=6, sub_codes=32, split=_split_q5_k)
Q6_K = BlockFormat(name="Q6_K", code_bits=6, code_kind=CodeKind.SIGNED, super_vectors=_SUPER_VECTORS,
                   sub_bits=8, sub_signed=True, sub_codes=16, split=_split_q6_k)
IQ4_XS = BlockFormat(name="IQ4_XS", code_bits=4, code_kind=CodeKind.TABLE, table=IQ4_NL.table,
                     super_vectors=_SUPER_VECTORS, sub_bits=6, sub_signed=True, sub_codes=32, split=_split_iq4_xs)
