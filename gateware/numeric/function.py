"""Exponential, reciprocal and reciprocal square root in single precision."""

from functools import cache

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out
import numpy as np

from gateware.block_ram import BlockRam

from .delay import delay
from .fp32 import BIAS, INFINITY_BITS, NAN_BITS, fp32_canonical, fp32_flush
from .function_tables import (
    ARGUMENT_BITS, CURVE_SHIFT, OFFSET_BITS, OFFSET_SHIFT, SEGMENTS, SLOPE_SHIFT, VALUE_SHIFT, coefficients
)
from .multiplier import Multiplier
from .shift import shift_right_sticky


__all__ = ["Function", "Fp32Function", "fp32_exp2", "fp32_reciprocal", "fp32_rsqrt", "fp32_function"]


class Function(enum.IntEnum, shape=2):
    """What `Fp32Function` computes."""
    IDENTITY = 0
    EXP2 = 1
    RECIPROCAL = 2
    RSQRT = 3


class Fp32Function(wiring.Component):
    """``2**a``, ``1 / a``, ``1 / sqrt(a)`` or ``a``, selected per element.

    A free-running pipeline: latency ``LATENCY`` cycles, one result per cycle, no flow control. One
    datapath serves all: the argument is reduced to a segment and an offset ``d`` in it, a quadratic of
    integers gives the fraction, see `gateware.numeric.function_tables`::

        a -- unpack -- to fixed point -- segment, d -- c2 * d -- c1 + -- slope * d -- c0 + -- pack -- o
          0          1                4             5         10     11            14      15       17

    The relative error is at most 2**-22.76 (exp2; reciprocal and rsqrt 2**-22.99), measured against
    float64 on all significands, for exp2 those of 2**-13 to 1 of either sign and every third above;
    tests/gateware/numeric/test_function.py checks a part. Exact are 2**n, 1/2**n and 1/sqrt(4**n).

    A result below the normal range is +0 (zero with the sign of ``a`` for 1/a), subnormal inputs are
    zeros, NaN gives NaN:

    =========  =======  =======  ====  ====  ========
    a          -inf     below 0  -0    +0    +inf
    =========  =======  =======  ====  ====  ========
    2**a       +0                1     1     +inf
    1/a        -0                -inf  +inf  +0
    1/sqrt(a)  NaN      NaN      +inf  +inf  +0
    =========  =======  =======  ====  ====  ========

    279 LUT4, 64 CCU2C, 759 FF, 2 MULT18X18D, 3 DP16KD.

    Members
    -------
    a : In(32)
        Bits of the argument.
    select : In(Function)
    o : Out(32)
        Bits of the result.
    """

    LATENCY = 5 + BlockRam.LATENCY + 2 * (Multiplier.LATENCY + 1) + 2

    a: In(32)
    select: In(Function)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()

        # Cycle 1: unpack.
        sign = Signal(reset_less=True)
        fraction = Signal(23, reset_less=True)
        field = Signal(8, reset_less=True)
        shift = Signal(signed(9), reset_less=True)
        has_fraction = Signal(reset_less=True)
        select = delay(m, self.select, name="select")
        is_exp2 = select == Function.EXP2
        is_reciprocal = select == Function.RECIPROCAL
        is_rsqrt = select == Function.RSQRT
        m.d.sync += [
            Cat(fraction, field, sign).eq(self.a),
            shift.eq(BIAS + 6 - self.a[23:31]),
            has_fraction.eq(self.a[:23].any()),
        ]

        # Cycle 2: results that are known already, and the exponent of the others. The table of
        # 1/sqrt takes the parity of the exponent as a bit of the segment.
        top = field == 255
        tiny = field == 0
        nan = Signal(reset_less=True)
        infinity = Signal(reset_less=True)
        zero = Signal(reset_less=True)
        negative = Signal(reset_less=True)
        result_field = Signal(signed(9), reset_less=True)
        m.d.sync += [
            nan.eq((top & has_fraction) | (is_rsqrt & sign & ~tiny)),
            negative.eq(sign & ~is_exp2 & ~is_rsqrt),
        ]
        with m.If(is_exp2):
            m.d.sync += [infinity.eq((shift < 0) & ~sign), zero.eq((shift < 0) & sign)]
        with m.Elif(is_reciprocal | is_rsqrt):
            m.d.sync += [infinity.eq(tiny), zero.eq(top)]
            m.d.sync += result_field.eq(Mux(is_rsqrt, (3 * BIAS - 1 - field) >> 1, 2 * BIAS - 1 - field))
        with m.Else():
            m.d.sync += [infinity.eq(top), zero.eq(0), result_field.eq(field)]

        # Cycles 2 to 4: eight integer and 24 fractional bits for exp2, rounded half away from zero.
        coarse = Signal(32, reset_less=True)
        fine = Signal(32, reset_less=True)
        fixed = Signal(signed(32), reset_less=True)
        shifted, _ = shift_right_sticky(Cat(Const(0, 8), fraction, 1), shift[3:5], 8)
        m.d.sync += coarse.eq(Mux(shift[5:].any(), 0, shifted))
        shifted, _ = shift_right_sticky(coarse, delay(m, shift[:3], name="shift"))
        m.d.sync += fine.eq(shifted)
        sign_3 = delay(m, sign, 2, name="sign")
        m.d.sync += fixed.eq((Cat(fine[1:], 0) ^ sign_3.replicate(32)).as_signed() + (sign_3 ^ fine[0]))

        # Cycle 5: segment and offset. Identity travels as they do, the fraction in their places.
        segment = Signal(9, reset_less=True)
        d = Signal(OFFSET_BITS, reset_less=True)
        field_5 = Signal(signed(9), reset_less=True)
        select_4 = Signal.like(self.select)
        fraction_4 = delay(m, fraction, 3, name="fraction")
        odd_4 = ~delay(m, field[0], 3, name="even")
        result_field_4 = delay(m, result_field, 2, name="result_field")
        m.d.comb += select_4.eq(delay(m, select, 3, name="select_1"))
        with m.If(select_4 == Function.EXP2):
            m.d.sync += [
                Cat(d, segment).eq(fixed[:ARGUMENT_BITS]),
                field_5.eq(fixed[ARGUMENT_BITS:].as_signed() + BIAS),
            ]
        with m.Else():
            m.d.sync += [
                d.eq(Cat(Const(0, 1), fraction_4[:16])),
                segment.eq(Cat(fraction_4[16:], Mux(select_4 == Function.RSQRT, Cat(odd_4, 1), 1))),
                field_5.eq(result_field_4),
            ]

        # Cycles 5 to 15: Horner. Each coefficient is read when its sum is due.
        c0, c1, c2 = zip(*coefficients())
        m.submodules.curve = curve = Multiplier(a_width=18, b_width=18, signed=True)
        m.submodules.slope = slope = Multiplier(a_width=18, b_width=18, signed=True)
        curve_cycles = BlockRam.LATENCY + Multiplier.LATENCY
        value_cycles = curve_cycles + 1 + Multiplier.LATENCY
        segments = {0: segment}
        for cycle in range(value_cycles):
            segments[cycle + 1] = delay(m, segments[cycle], name=f"segment_{cycle + 6}")

        def coefficient(name, width, values, cycle):
            """Data of a table, ``cycle`` cycles after the segment is known."""
            table = BlockRam(width=width, depth=len(values), init=[value % (1 << width) for value in values])
            m.submodules[name] = table
            m.d.comb += table.read_address.eq(segments[cycle - BlockRam.LATENCY])
            return table.read_data

        d_curve = delay(m, d, BlockRam.LATENCY, name="d_curve")
        d_slope = delay(m, d_curve, Multiplier.LATENCY + 1, name="d_slope")
        slope_sum = Signal(signed(22), reset_less=True)
        value_sum = Signal(signed(29), reset_less=True)
        m.d.comb += [
            curve.a.eq(coefficient("c2", 18, c2, BlockRam.LATENCY).as_signed()),
            curve.b.eq(d_curve),
            slope.a.eq(slope_sum >> SLOPE_SHIFT),
            slope.b.eq(d_slope),
        ]
        m.d.sync += [
            slope_sum.eq(coefficient("c1", 22, c1, curve_cycles).as_signed() + (curve.o >> CURVE_SHIFT)),
            value_sum.eq(coefficient("c0", 28, c0, value_cycles) + (slope.o >> OFFSET_SHIFT)),
        ]
        q = value_sum >> VALUE_SHIFT

        # Cycle 16: fraction and exponent, which a fraction of one increments.
        cycles = value_cycles + 1
        field_16 = Signal(signed(9), reset_less=True)
        fraction_16 = Signal(23, reset_less=True)
        is_identity = delay(m, select_4 == Function.IDENTITY, 1 + cycles, name="is_identity")
        passed = Cat(delay(m, d_slope, Multiplier.LATENCY + 1, name="d_value")[1:],
                     delay(m, segments[value_cycles][:7], name="segment_passed"))
        m.d.sync += [
            field_16.eq(delay(m, field_5, cycles, name="field") + Mux(is_identity, 0, q[23:].as_signed())),
            fraction_16.eq(Mux(is_identity, passed, q[:23])),
        ]
        # Cycle 17: pack.
        flags = delay(m, Cat(nan, infinity, zero, negative), 3 + cycles + 1, name="flags")
        nan, infinity, zero, negative = flags
        clear = ~infinity & (zero | (field_16 <= 0))
        output = Signal(32, reset_less=True)
        m.d.sync += output.eq(Mux(nan, NAN_BITS, Cat(
            Mux(clear, Const(0, 31), Mux(infinity, Const(INFINITY_BITS, 31), Cat(fraction_16, field_16[:8]))),
            negative)))
        m.d.comb += self.o.eq(output)
        return m


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
    """``2**x`` as `Fp32Function` computes it, bit for bit.

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
    """``1 / x`` as `Fp32Function` computes it, bit for bit.

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
    """``1 / sqrt(x)`` as `Fp32Function` computes it, bit for bit.

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
    """Output of `Fp32Function`, bit for bit.

    Parameters
    ----------
    select : Function or int or array of int
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
