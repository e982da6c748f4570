"""Trits, five to a byte, in an order that the gateware takes without a gearbox."""

import numpy as np

from gateware.isa import VECTOR_CODES

__all__ = ["BUNDLE_BYTES", "BUNDLE_VECTORS", "from_trit_bytes", "trit_bytes"]

BUNDLE_VECTORS = 5
"""Vectors of a bundle."""

BUNDLE_BYTES = 32
"""Bytes of a bundle."""

_POWERS = 3 ** np.arange(BUNDLE_VECTORS, dtype=np.uint8)


def trit_bytes(codes):
    """Pack codes -1, 0 and 1.

    Five vectors become four runs of eight bytes. Byte j of run r is a number of five base-3 digits
    ``code + 1``, lowest first: lanes 4j to 4j + 3 of vector r, then lane 8r + j of vector 4. So each run is
    one vector and a quarter of another, which the fourth run completes. A byte is at most 242.

    Parameters
    ----------
    codes : numpy.ndarray
        int16 (rows, vectors, 32). The last bundle of a row is filled up with zero codes.

    Returns
    -------
    numpy.ndarray
        uint8 (rows, 32 * ceil(vectors / 5)).
    """
    rows, vectors = codes.shape[:2]
    bundles = -(-vectors // BUNDLE_VECTORS)
    digits = np.ones((rows, bundles * BUNDLE_VECTORS, VECTOR_CODES), np.uint8)
    np.add(codes, 1, out=digits[:, :vectors], casting="unsafe")
    digits = digits.reshape(rows, bundles, BUNDLE_VECTORS, VECTOR_CODES)
    whole = digits[:, :, :4].reshape(rows, bundles, BUNDLE_BYTES, 4)
    packed = digits[:, :, 4] * _POWERS[4]
    for position in range(4):
        packed += whole[:, :, :, position] * _POWERS[position]
    return packed.reshape(rows, bundles * BUNDLE_BYTES)


def from_trit_bytes(data, vectors):
    """Inverse of `trit_bytes`.

    Parameters
    ----------
    data : numpy.ndarray
        uint8 (rows, 32 * bundles), each byte at most 242.
    vectors : int
        Vectors of a row, at most 5 * bundles.

    Returns
    -------
    numpy.ndarray
        int16 (rows, vectors, 32).
    """
    rows, size = data.shape
    packed = data.reshape(rows, size // BUNDLE_BYTES, BUNDLE_BYTES)
    digits = packed[..., None] // _POWERS % 3
    codes = np.empty((*packed.shape[:2], BUNDLE_VECTORS, VECTOR_CODES), np.int16)
    codes[:, :, :4] = digits[..., :4].reshape(*packed.shape[:2], 4, VECTOR_CODES)
    codes[:, :, 4] = digits[..., 4]
    return codes.reshape(rows, -1, VECTOR_CODES)[:, :vectors] - np.int16(1)
