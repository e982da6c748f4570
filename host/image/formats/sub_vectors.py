"""Sub-scales and sub-minimums as vectors of 32, in the order of the stream."""

import numpy as np

from gateware.isa import VECTOR_CODES

__all__ = ["from_sub_vectors", "sub_vectors"]


def sub_vectors(blocks, format):
    """Line up the sub-scales of each row.

    The sub-scales of a super-block, then its sub-minimums if there are any, then the next super-block's. As
    bit-planes of ``format.sub_bits`` they are half to one byte per 16 or 32 codes.

    Parameters
    ----------
    blocks : Blocks
    format : BlockFormat

    Returns
    -------
    numpy.ndarray
        int16 (rows, n, 32), padded with zeros; n is 0 for a format without sub-scales.
    """
    rows = len(blocks.codes)
    if blocks.sub_scales is None:
        return np.zeros((rows, 0, VECTOR_CODES), np.int16)
    parts = [blocks.sub_scales] if blocks.sub_minimums is None else [blocks.sub_scales, blocks.sub_minimums]
    supers = blocks.codes.shape[1] // format.super_vectors
    stream = np.concatenate([part.reshape(rows, supers, -1) for part in parts], axis=2).reshape(rows, -1)
    return np.pad(stream, ((0, 0), (0, -stream.shape[1] % VECTOR_CODES))).reshape(rows, -1, VECTOR_CODES)


def from_sub_vectors(stream, format, vectors):
    """Inverse of `sub_vectors`.

    Parameters
    ----------
    stream : numpy.ndarray
        int16 (rows, n, 32). Unsigned numbers may have the sign that `host.image.planes.from_planes` gives.
    format : BlockFormat
        One with sub-scales.
    vectors : int
        Vectors of codes in a row.

    Returns
    -------
    sub_scales : numpy.ndarray
        int16 (rows, vectors, 32 / sub_codes).
    sub_minimums : numpy.ndarray or None
        The same shape.
    """
    rows = len(stream)
    if not format.sub_signed:
        stream = stream & np.int16((1 << format.sub_bits) - 1)
    kinds = 2 if format.minimum else 1
    used = stream.reshape(rows, -1)[:, :kinds * vectors * format.vector_subs]
    parts = used.reshape(rows, vectors // format.super_vectors, kinds, -1)
    subs = [parts[:, :, kind].reshape(rows, vectors, format.vector_subs) for kind in range(kinds)]
    return subs[0], subs[1] if format.minimum else None
