"""Single-precision multiplication."""

import numpy as np

from .fp32 import FLUSH_LIMIT, all_normal, fp32_canonical, fp32_flush


__all__ = ["fp32_multiply"]


@np.errstate(invalid="ignore", over="ignore", under="ignore")
def fp32_multiply(a, b):
    """Product as `Fp32Multiply` computes it, bit for bit.

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
    product = a * b
    if all_normal(a, b, product):
        return product
    exact = fp32_flush(a).astype(np.float64) * fp32_flush(b)
    exact = exact * (np.abs(exact) >= FLUSH_LIMIT)
    return fp32_canonical(exact.astype(np.float32))
