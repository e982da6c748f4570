"""Exponential, reciprocal and reciprocal square root; their functions are those of `gateware.exact.function`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.exact.fp32 import BIAS, INFINITY_BITS, NAN_BITS
from gateware.exact.function_tables import (ARGUMENT_BITS, CURVE_SHIFT, OFFSET_BITS, OFFSET_SHIFT, SLOPE_SHIFT,
                                            VALUE_SHIFT, coefficients)
from gateware.isa import Function
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier
from gateware.numeric.shift import shift_right_sticky


__all__ = ["Fp32Function"]


class Fp32Function(wiring.Component):
    """``2**a``, ``1 / a``, ``1 / sqrt(a)`` or ``a``, selected per element.

    A free-running pipeline: latency ``LATENCY`` cycles, one result per cycle, no flow control. One
    datapath serves all: the argument is reduced to a segment and an offset ``d`` in it, a quadratic of
    integers gives the fraction, see `gateware.exact.function_tables`::

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
