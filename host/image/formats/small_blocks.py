"""Formats whose block is one vector of 32 codes: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4; or two of 32: NVFP4."""

import numpy as np

from gateware.isa import CodeKind, Scale, VECTOR_CODES
from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks
from host.image.formats.raw_blocks import fp16_bits, raw_blocks

__all__ = ["IQ4_NL", "MXFP4", "NVFP4", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]

_SIGN = np.uint16(0x8000)
_EXPONENT_BIAS = 128


def _nibbles(data):
    """Low nibbles of 16 bytes, then their high ones: uint8 (rows, blocks, 16) to (rows, blocks, 32)."""
    codes = np.empty((*data.shape[:2], VECTOR_CODES), np.uint8)
    np.bitwise_and(data, 15, out=codes[:, :, :16])
    np.right_shift(data, 4, out=codes[:, :, 16:])
    return codes


def _fifth_bits(data):
    """Bits of four bytes, lowest first, each times 16: uint8 (rows, blocks, 4) to (rows, blocks, 32)."""
    return np.unpackbits(np.ascontiguousarray(data), axis=2, bitorder="little") << 4


def _offset(codes, offset):
    return codes.astype(np.int16) - np.int16(offset)


def _split_q4_0(tensor, rows):
    """fp16 scale, 16 bytes of nibbles; codes are the nibbles minus 8."""
    blocks = raw_blocks(tensor, rows)
    return Blocks(codes=_offset(_nibbles(blocks[:, :, 2:]), 8), scale=fp16_bits(blocks, 0))


def _split_q4_1(tensor, rows):
    """fp16 scale, fp16 that is added, 16 bytes of nibbles; the minimum that is subtracted is its negative."""
    blocks = raw_blocks(tensor, rows)
    return Blocks(codes=_nibbles(blocks[:, :, 4:]).astype(np.int16), scale=fp16_bits(blocks, 0),
                  minimum=fp16_bits(blocks, 2) ^ _SIGN)


def _split_q5_0(tensor, rows):
    """fp16 scale, 32 fifth bits, 16 bytes of nibbles; codes are the 5-bit numbers minus 16."""
    blocks = raw_blocks(tensor, rows)
    codes = _nibbles(blocks[:, :, 6:]) | _fifth_bits(blocks[:, :, 2:6])
    return Blocks(codes=_offset(codes, 16), scale=fp16_bits(blocks, 0))


def _split_q5_1(tensor, rows):
    """fp16 scale, fp16 that is added, 32 fifth bits, 16 bytes of nibbles; the minimum is as in Q4_1."""
    blocks = raw_blocks(tensor, rows)
    codes = _nibbles(blocks[:, :, 8:]) | _fifth_bits(blocks[:, :, 4:8])
    return Blocks(codes=codes.astype(np.int16), scale=fp16_bits(blocks, 0),
                  minimum=fp16_bits(blocks, 2) ^ _SIGN)


def _split_q8_0(tensor, rows):
    """fp16 scale, 32 signed bytes."""
    blocks = raw_blocks(tensor, rows)
    return Blocks(codes=blocks[:, :, 2:].view(np.int8).astype(np.int16), scale=fp16_bits(blocks, 0))


def _split_iq4_nl(tensor, rows):
    """fp16 scale, 16 bytes of nibbles; codes are indices."""
    blocks = raw_blocks(tensor, rows)
    return Blocks(codes=_nibbles(blocks[:, :, 2:]).astype(np.int16), scale=fp16_bits(blocks, 0))


def _split_mxfp4(tensor, rows):
    """E8M0 exponent e, 16 bytes of nibbles.

    Codes are indices into the doubled e2m1 numbers; what they are multiplied with is half of 2**(e - 127).
    255, which stands for NaN, would come out as 2**127; `host.gguf.tensor.Tensor.check_values` refuses it.
    """
    blocks = raw_blocks(tensor, rows)
    exponents = blocks[:, :, 0].astype(np.int16) - _EXPONENT_BIAS
    return Blocks(codes=_nibbles(blocks[:, :, 1:]).astype(np.int16), scale=exponents.astype(np.int8))


def _split_nvfp4(tensor, rows):
    """Four scales of UE4M3, each of 16 codes, and for each of them 8 bytes of nibbles.

    Codes are indices into the doubled e2m1 numbers; what they are multiplied with is half of the scale. 127, which
    stands for NaN, and what has a sign `host.gguf.tensor.Tensor.check_values` refuses.
    """
    blocks = raw_blocks(tensor, rows)
    nibbles = blocks[:, :, 4:].reshape(*blocks.shape[:2], 4, 1, 8) >> np.array([0, 4], np.uint8)[:, None] & np.uint8(15)
    return Blocks(codes=nibbles.reshape(len(blocks), -1, VECTOR_CODES).astype(np.int16),
                  scale=np.ascontiguousarray(blocks[:, :, :4]).reshape(len(blocks), -1))


_E2M1 = (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)
"""Doubled."""

Q4_0 = BlockFormat(name="Q4_0", code_bits=4, code_kind=CodeKind.SIGNED, split=_split_q4_0)
Q4_1 = BlockFormat(name="Q4_1", code_bits=4, code_kind=CodeKind.UNSIGNED, minimum=True, split=_split_q4_1)
Q5_0 = BlockFormat(name="Q5_0", code_bits=5, code_kind=CodeKind.SIGNED, split=_split_q5_0)
Q5_1 = BlockFormat(name="Q5_1", code_bits=5, code_kind=CodeKind.UNSIGNED, minimum=True, split=_split_q5_1)
Q8_0 = BlockFormat(name="Q8_0", code_bits=8, code_kind=CodeKind.SIGNED, split=_split_q8_0)
IQ4_NL = BlockFormat(
    name="IQ4_NL", code_bits=4, code_kind=CodeKind.TABLE, split=_split_iq4_nl,
    table=(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113))
MXFP4 = BlockFormat(
    name="MXFP4", code_bits=4, code_kind=CodeKind.TABLE, scale_kind=Scale.POWER, split=_split_mxfp4, table=_E2M1)
NVFP4 = BlockFormat(
    name="NVFP4", code_bits=4, code_kind=CodeKind.TABLE, scale_kind=Scale.UE4M3, split=_split_nvfp4, table=_E2M1)
