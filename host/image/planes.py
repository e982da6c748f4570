"""Codes as bit-planes, and back."""

import numpy as np

from gateware.isa import VECTOR_CODES

__all__ = ["from_planes", "to_planes"]

_WORD_BYTES = VECTOR_CODES // 8


def to_planes(codes, code_bits):
    """Transpose codes to words of 32 bits, one per bit of a code, least significant first.

    Parameters
    ----------
    codes : int16 array (..., 32)
        Two's complement, each within ``code_bits`` bits; of one bit -1 and 1.
    code_bits : int

    Returns
    -------
    uint8 array (..., 4 * code_bits)
        Bit j of word k, little-endian, is bit k of code j.
    """
    if code_bits == 1:
        codes = codes > 0
    bits = codes[..., None, :].astype(np.int16) >> np.arange(code_bits, dtype=np.int16)[:, None] & 1
    packed = np.packbits(bits.astype(np.uint8), axis=-1, bitorder="little")
    return packed.reshape(*codes.shape[:-1], code_bits * _WORD_BYTES)


def from_planes(data, code_bits):
    """Inverse of :func:`to_planes`: uint8 (..., 4 * code_bits) to int16 (..., 32)."""
    words = data.reshape(*data.shape[:-1], code_bits, _WORD_BYTES)
    bits = np.unpackbits(words, axis=-1, bitorder="little").astype(np.int16)
    if code_bits == 1:
        return 2 * bits[..., 0, :] - np.int16(1)
    weights = (1 << np.arange(code_bits, dtype=np.int32)).astype(np.int16)
    weights[-1] = -(1 << code_bits - 1)
    return np.einsum("...kj,k->...j", bits, weights)
