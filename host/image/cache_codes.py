"""Codes of the KV cache in element order: 2 bytes, a byte, or half a byte each."""

import numpy as np

__all__ = ["from_elements", "to_elements"]


def to_elements(codes, code_bits):
    """What a position writes.

    Parameters
    ----------
    codes : integer array (n,)
        n even if ``code_bits`` is 4.
    code_bits : int
        16, 8 or 4.

    Returns
    -------
    uint16 or uint8 array (n or n / 2,)
        Codes of 4 bits in pairs, the first one in the lower half of its byte.
    """
    if code_bits == 16:
        return codes.astype(np.int16).view(np.uint16)
    codes = codes.astype(np.int8).view(np.uint8)
    return codes if code_bits == 8 else codes[::2] & 15 | codes[1::2] << 4


def from_elements(data, code_bits):
    """Inverse of :func:`to_elements`.

    Parameters
    ----------
    data : uint8 array (..., bytes)
        Contiguous in its last dimension.
    code_bits : int

    Returns
    -------
    int16 or int8 array (..., n)
    """
    if code_bits == 16:
        return data.view("<i2")
    if code_bits == 8:
        return data.view(np.int8)
    return np.stack([data << 4, data], axis=-1).view(np.int8).reshape(*data.shape[:-1], -1) >> 4
