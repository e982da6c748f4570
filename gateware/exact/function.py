"""Exponential, reciprocal and reciprocal square root in single precision, as `gateware.numeric.function` has them."""

from functools import cache

import numpy as np

from gateware.exact.fp32 import BIAS, INFINITY_BITS, NAN_BITS, fp32_canonical, fp32_flush
from gateware.exact.function_tables import (ARGUMENT_BITS, CURVE_SHIFT, OFFSET_BITS, OFFSET_SHIFT, SEGMENTS,
                                            SLOPE_SHIFT, VALUE_SHIFT, coefficients)

__all__ = ["fp32_exp2", "fp32_function", "fp32_reciprocal", "fp32_rsqrt"]


@cache
def _table():
    return np.array(coefficients(), np.int64).T.copy()


def _unpack(x):
    """Bits (int64, sign-extended) and exponent field."""
    bits = np.asarray(x, np.float32).view(np.int32).astype(np.int64)
    return bits, (bits >> 23) & 0xff


def _evaluate(segment, d, field):
    """Bits of ``(1 + q) * 2**(field - 127)``, flushed to +0 below the normal range."""
    c0, c1, c2 = _table()[:, segment]
    slope = (c1 + (c2 * d >> CURVE_SHIFT)) >> SLOPE_SHIFT
    q = (c0 + (slope * d >> OFFSET_SHIFT)) >> VALUE_SHIFT
    bits = (field << 23) + q
    return bits * (bits >= 1 << 23)


def _pack(bits):
    return bits.astype(np.int32).view(np.float32)[()]


def fp32_exp2(x):
    """``2**x`` as `gateware.numeric.function.Fp32Function` computes it, bit for bit.

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    float32, same shape
    """
    bits, field = _unpack(x)
    # Eight integer bits and ARGUMENT_BITS fractional ones, half away from zero.
    shift = np.minimum(BIAS + 6 - field, 33)
    magnitude = ((((bits & 0x7fffff | 0x800000) << 8) >> np.maximum(shift, 0)) + 1) >> 1
    sign = bits >> 63
    fixed = (magnitude ^ sign) - sign
    segment = (fixed >> OFFSET_BITS) & (SEGMENTS - 1)
    result = _evaluate(segment, fixed & ((1 << OFFSET_BITS) - 1), (fixed >> ARGUMENT_BITS) + BIAS)
    if (field > BIAS + 6).any():
        result = np.where(field > BIAS + 6, np.where(bits < 0, 0, INFINITY_BITS), result)
        result = np.where(bits & 0x7fffffff > INFINITY_BITS, NAN_BITS, result)
    return _pack(result)


def fp32_reciprocal(x):
    """``1 / x`` as `gateware.numeric.function.Fp32Function` computes it, bit for bit.

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    float32, same shape
    """
    bits, field = _unpack(x)
    segment = SEGMENTS + ((bits >> 16) & (SEGMENTS - 1))
    result = _evaluate(segment, (bits & 0xffff) << 1, 2 * BIAS - 1 - field)
    if ((field == 0) | (field == 255)).any():
        result = np.where(field == 0, INFINITY_BITS, np.where(field == 255, 0, result))
        result = np.where(bits & 0x7fffffff > INFINITY_BITS, NAN_BITS, result)
        return _pack(np.where(result == NAN_BITS, result, result | (bits & 0x80000000)))
    return _pack(result | (bits & 0x80000000))


def fp32_rsqrt(x):
    """``1 / sqrt(x)`` as `gateware.numeric.function.Fp32Function` computes it, bit for bit.

    Zero and subnormals of either sign give +inf, everything else below zero gives NaN.

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    float32, same shape
    """
    bits, field = _unpack(x)
    # An even field is an odd exponent.
    segment = 3 * SEGMENTS - ((field & 1) << 7) + ((bits >> 16) & (SEGMENTS - 1))
    result = _evaluate(segment, (bits & 0xffff) << 1, (3 * BIAS - 1 - field) >> 1)
    if ((bits < 1 << 23) | (field == 255)).any():
        result = np.where(field == 255, 0, result)
        result = np.where((bits < 0) | (bits > INFINITY_BITS), NAN_BITS, result)
        result = np.where(field == 0, INFINITY_BITS, result)
    return _pack(result)


@np.errstate(invalid="ignore")
def _identity(x):
    return fp32_canonical(fp32_flush(np.asarray(x, np.float32)))


_FUNCTIONS = (_identity, fp32_exp2, fp32_reciprocal, fp32_rsqrt)


def fp32_function(select, x):
    """Output of `gateware.numeric.function.Fp32Function`, bit for bit.

    Parameters
    ----------
    select : gateware.isa.Function or int or array of int
        An array, which must broadcast with ``x``, selects per element.
    x : float32, any shape

    Returns
    -------
    float32, the broadcast shape
    """
    select = np.asarray(select)
    if np.any((select < 0) | (select >= len(_FUNCTIONS))):
        raise ValueError(f"Function must be 0..{len(_FUNCTIONS) - 1}, not {select!r}")
    if select.ndim == 0:
        return _FUNCTIONS[int(select)](x)
    return np.choose(select, [function(x) for function in _FUNCTIONS])
