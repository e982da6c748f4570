"""Single-precision addition."""

import numpy as np

from .fp32 import all_normal, fp32_canonical, fp32_flush


__all__ = ["fp32_add"]


@np.errstate(invalid="ignore", over="ignore")
def fp32_add(a, b):
    """Sum as `Fp32Add` computes it, bit for bit.

    Parameters
    ----------
    a, b : float32
        Shapes that broadcast.

    Returns
    -------
    float32, the broadcast shape (a NumPy scalar for two scalars)
    """
    a = np.asarray(a, np.float32)
    b = np.asarray(b, np.float32)
    total = a + b
    if all_normal(a, b, total):
        return total
    # A sum below the normal range is exact, so that flushing after NumPy's rounding is right.
    return fp32_canonical(fp32_flush(fp32_flush(a) + fp32_flush(b)))
