"""What every fp32 unit of this folder agrees on, in NumPy.

IEEE 754 binary32, round to nearest even, with two simplifications:

* A subnormal input is read as zero of the same sign; a result that is below the normal range
  *after* rounding to 24 bits with an unbounded exponent becomes zero of the same sign.
* Every NaN that leaves a unit is ``0x7fc00000``.
"""

import numpy as np


__all__ = ["BIAS", "NAN_BITS", "INFINITY_BITS", "FLUSH_LIMIT", "fp32_flush", "fp32_canonical", "all_normal"]


#: Exponent bias of binary32.
BIAS = 127
#: The only NaN that a unit produces.
NAN_BITS = 0x7fc00000
#: Bits of positive infinity.
INFINITY_BITS = 0x7f800000
#: An exact result below this magnitude is flushed: rounded to 24 bits it stays below ``2**-126``.
FLUSH_LIMIT = 2.0**-126 * (1 - 2.0**-25)

_SMALLEST_NORMAL = np.float32(2.0**-126)
_NAN = np.float32(np.nan)


def fp32_flush(x):
    """Subnormal elements become zero of the same sign; everything else, NaN included, stays.

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    float32, same shape
    """
    return x * (np.abs(x) >= _SMALLEST_NORMAL)


def fp32_canonical(x):
    """Every NaN becomes ``0x7fc00000``.

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    float32, same shape (a NumPy scalar for a scalar)
    """
    return np.where(x == x, x, _NAN)[()]


def all_normal(a, b, result):
    """True if NumPy's own ``result`` of ``a`` and ``b`` needs neither flushing nor a canonical NaN.

    Zero counts as not normal, which costs time and nothing else. A result of exactly ``2**-126``
    does too, because NumPy may have rounded it on the coarser grid of the subnormals.
    """
    smallest = np.minimum(np.minimum(np.abs(a), np.abs(b)), np.abs(result))
    return smallest.size == 0 or bool(np.minimum.reduce(smallest, axis=None) > _SMALLEST_NORMAL)
