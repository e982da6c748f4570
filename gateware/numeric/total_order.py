"""Integer keys in the order of floats."""

import numpy as np


__all__ = ["fp32_total_order_key"]


def fp32_total_order_key(x):
    """Integer key whose signed order is the order of the floats.

    -inf < ... < -0 < +0 < ... < +inf < NaN (the canonical one, whose sign is positive).

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    int32, same shape
    """
    bits = np.asarray(x, np.float32).view(np.int32)
    return bits ^ ((bits >> 31) & 0x7fffffff)
