"""Coefficients of the piecewise quadratics behind `gateware.numeric.function.Fp32Function`.

Each function is reduced to ``1 + q`` with q in 0..1 over an argument of 24 fractional bits: seven
or eight of its leading bits choose a segment, the ``OFFSET_BITS`` below are the offset ``d`` from
the segment's left end, ``delta = d * 2**-24``.

=============  =======================================  ==================
segments       function                                 argument
=============  =======================================  ==================
0..127         ``2**t``                                 t, 0..1
128..255       ``2 / (1 + t)``                          t, 0..1
256..383       ``2 / sqrt(1 + t)``  (even exponent)     t, 0..1
384..511       ``2 / sqrt(2 + 2 * t)``  (odd exponent)  t, 0..1
=============  =======================================  ==================

A segment's quadratic interpolates at the three Chebyshev nodes. All of it is integer arithmetic
(roots by `math.isqrt`), so that every machine gets the same coefficients.
"""

from functools import cache
from math import isqrt

__all__ = ["ARGUMENT_BITS", "CURVE_SHIFT", "OFFSET_BITS", "OFFSET_SHIFT", "SEGMENTS", "SLOPE_SHIFT", "VALUE_SHIFT",
           "coefficients"]

SEGMENTS = 128
"""Segments of one function over the unit interval."""

ARGUMENT_BITS = 24
"""Fractional bits of the argument."""

OFFSET_BITS = 17
"""Bits of the offset within a segment."""

# q = (c0 + (slope * d >> OFFSET_SHIFT)) >> VALUE_SHIFT,
# slope = (c1 + (c2 * d >> CURVE_SHIFT)) >> SLOPE_SHIFT.
# Fractional bits: c2 16, c1 20, slope 16, c0 27, q 23.
CURVE_SHIFT = 16 + ARGUMENT_BITS - 20
SLOPE_SHIFT = 20 - 16
OFFSET_SHIFT = 16 + ARGUMENT_BITS - 27
VALUE_SHIFT = 27 - 23

# Fractional bits of the values that the quadratics are fitted to.
_PRECISION = 96
# Offsets of the Chebyshev nodes, 2**16 * (1 -+ sqrt(3) / 2) and the middle.
_NODES = ((1 << 16) - isqrt(3 << 30), 1 << 16, (1 << 16) + isqrt(3 << 30))


@cache
def _roots():
    """``2**(2**-k)`` for k = 1..24."""
    roots = [2 << _PRECISION]
    for _ in range(ARGUMENT_BITS):
        roots.append(isqrt(roots[-1] << _PRECISION))
    return roots[1:]


def _exp2(argument):
    value = 1 << _PRECISION
    for k, root in enumerate(_roots()):
        if argument >> (ARGUMENT_BITS - 1 - k) & 1:
            value = value * root >> _PRECISION
    return value


def _reciprocal(argument):
    return (2 << _PRECISION + ARGUMENT_BITS) // ((1 << ARGUMENT_BITS) + argument)


def _rsqrt_even(argument):
    return isqrt((4 << 2 * _PRECISION + ARGUMENT_BITS) // ((1 << ARGUMENT_BITS) + argument))


def _rsqrt_odd(argument):
    return isqrt((2 << 2 * _PRECISION + ARGUMENT_BITS) // ((1 << ARGUMENT_BITS) + argument))


def _divide(numerator, denominator):
    """Quotient, rounded to the nearest integer."""
    return (2 * numerator + denominator) // (2 * denominator)


def _fit(function, left):
    """Integer coefficients (c0, c1, c2) of the segment whose argument starts at ``left``."""
    d0, d1, d2 = _NODES
    f0, f1, f2 = (function(left + d) - (1 << _PRECISION) for d in _NODES)
    # Divided differences per offset unit, with 64 guard bits.
    rise01 = (f1 - f0 << 64) // (d1 - d0)
    rise12 = (f2 - f1 << 64) // (d2 - d1)
    curve = (rise12 - rise01) // (d2 - d0)
    slope = rise01 - curve * (d0 + d1)
    value = (f0 << 64) - d0 * (slope + curve * d0)
    unit = _PRECISION + 64
    c2 = _divide(curve, 1 << unit - 2 * ARGUMENT_BITS - 16)
    c1 = _divide(slope, 1 << unit - ARGUMENT_BITS - 20)
    c0 = _divide(value, 1 << unit - 27)
    # The shifts that follow cut off: half of what they cut off is added here, once and for free.
    return c0 + (1 << VALUE_SHIFT - 1), c1 + (1 << SLOPE_SHIFT - 1), c2


@cache
def coefficients():
    """All segments' coefficients.

    Returns
    -------
    tuple of 512 tuples (c0, c1, c2)
        c0 is unsigned and has 28 bits, c1 is signed and has 22, c2 is signed and has 18.
    """
    step = 1 << OFFSET_BITS
    return tuple(_fit(function, segment * step)
                 for function in (_exp2, _reciprocal, _rsqrt_even, _rsqrt_odd)
                 for segment in range(SEGMENTS))
