"""Scaled integer to single precision."""

import numpy as np

from .fp32 import FLUSH_LIMIT


__all__ = ["integer_to_fp32"]


@np.errstate(over="ignore", under="ignore")
def integer_to_fp32(mantissa, exponent):
    """``mantissa * 2**exponent``, rounded once, as `IntegerToFp32` computes it, bit for bit.

    Parameters
    ----------
    mantissa : int64
        Any value; zero gives +0.
    exponent : int
        -2048..2047. Shapes broadcast.

    Returns
    -------
    float32, the broadcast shape (a NumPy scalar for two scalars)
    """
    mantissa = np.asarray(mantissa, np.int64)
    # Rounding first to 53 and then to 24 bits would round twice. Wide mantissas (where float64
    # might round) therefore lose their low 11 bits to a sticky bit (rounding to odd), which leaves
    # far more than the 26 bits that the second rounding needs.
    sticky = (mantissa & -2048) | (((mantissa & 2047) != 0) << np.int64(11))
    exact = np.where((mantissa + (1 << 48)).view(np.uint64) >> 49, sticky, mantissa).astype(np.float64)
    exact = np.ldexp(exact, exponent)
    return (exact * (np.abs(exact) >= FLUSH_LIMIT)).astype(np.float32)
