"""The values that codes and scales stand for."""

import numpy as np

from gateware.exact.dot import unpack_ue4m3
from gateware.isa import Scale

__all__ = ["dequantised"]


def dequantised(blocks, format):
    """Values of some rows, exactly: no product and no difference of these needs more than float64's 53 bits.

    Parameters
    ----------
    blocks : Blocks
    format : BlockFormat

    Returns
    -------
    numpy.ndarray
        float64 (rows, 32 * vectors), including what the last vector of a row was filled up with.
    """
    codes = blocks.codes if format.table is None else np.array(format.table, np.int16)[blocks.codes]
    rows, vectors = codes.shape[:2]
    runs = max(1, format.vector_subs, format.vector_scales)
    values = codes.reshape(rows, vectors, runs, -1) * _factors(blocks.scale, blocks.sub_scales, format)
    if format.minimum:
        values -= _factors(blocks.minimum, blocks.sub_minimums, format)
    return values.reshape(rows, -1)


def _factors(scale, subs, format):
    """Scale times sub-scale: float64 (rows, vectors, scales or sub-scales of a vector or 1, 1)."""
    if format.scale_kind is Scale.UE4M3:
        return np.ldexp(*unpack_ue4m3(scale)).reshape(len(scale), -1, 2, 1)
    if format.scale_kind is Scale.FP16:
        scale = scale.view(np.float16).astype(np.float64)
    else:
        scale = np.ldexp(1.0, scale)
    factors = np.repeat(scale, format.super_vectors, axis=1)[:, :, None, None]
    return factors if subs is None else factors * subs[:, :, :, None]
