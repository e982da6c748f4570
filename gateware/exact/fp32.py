"""Single precision as the gateware has it, bit for bit: its format, sums, products, conversions and order.

IEEE 754 binary32, round to nearest even, with two simplifications:

* A subnormal input is read as zero of the same sign; a result that is below the normal range
  *after* rounding to 24 bits with an unbounded exponent becomes zero of the same sign.
* Every NaN that leaves a unit is ``0x7fc00000``.
"""

import numpy as np


__all__ = ["BIAS", "INFINITY_BITS", "NAN_BITS", "fp32_add", "fp32_canonical", "fp32_flush", "fp32_multiply",
           "fp32_total_order_key", "integer_to_fp32"]

BIAS = 127
"""Exponent bias of binary32."""

NAN_BITS = 0x7fc00000
"""The only NaN that a unit produces."""

INFINITY_BITS = 0x7f800000
"""Bits of positive infinity."""

# An exact result below this magnitude is flushed: rounded to 24 bits it stays below 2**-126.
_FLUSH_LIMIT = 2.0**-126 * (1 - 2.0**-25)
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


def _all_normal(a, b, result):
    """True if NumPy's own ``result`` of ``a`` and ``b`` needs neither flushing nor a canonical NaN.

    Zero counts as not normal, which costs time and nothing else. A result of exactly ``2**-126``
    does too, because NumPy may have rounded it on the coarser grid of the subnormals.
    """
    smallest = np.minimum(np.minimum(np.abs(a), np.abs(b)), np.abs(result))
    return smallest.size == 0 or bool(np.minimum.reduce(smallest, axis=None) > _SMALLEST_NORMAL)


@np.errstate(invalid="ignore", over="ignore")
def fp32_add(a, b):
    """Sum as `gateware.numeric.fp32_add.Fp32Add` computes it, bit for bit.

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
    if _all_normal(a, b, total):
        return total
    # A sum below the normal range is exact, so that flushing after NumPy's rounding is right.
    return fp32_canonical(fp32_flush(fp32_flush(a) + fp32_flush(b)))


@np.errstate(invalid="ignore", over="ignore", under="ignore")
def fp32_multiply(a, b):
    """Product as `gateware.numeric.fp32_multiply.Fp32Multiply` computes it, bit for bit.

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
    if _all_normal(a, b, product):
        return product
    exact = fp32_flush(a).astype(np.float64) * fp32_flush(b)
    exact = exact * (np.abs(exact) >= _FLUSH_LIMIT)
    return fp32_canonical(exact.astype(np.float32))


@np.errstate(over="ignore", under="ignore")
def integer_to_fp32(mantissa, exponent):
    """``mantissa * 2**exponent``, rounded once, bit for bit as `gateware.numeric.integer_to_fp32.IntegerToFp32` has it.

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
    return (exact * (np.abs(exact) >= _FLUSH_LIMIT)).astype(np.float32)


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
