"""Single-precision addition; its function is `gateware.exact.fp32.fp32_add`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay
from gateware.numeric.fp32_round import Fp32Round
from gateware.numeric.shift import leading_zeros, shift_right_sticky


__all__ = ["Fp32Add"]


class Fp32Add(wiring.Component):
    """Single-precision sum.

    A free-running pipeline: latency ``LATENCY`` cycles, one sum per cycle, no flow control. Rounds to
    nearest even, flushes subnormals (see `gateware.exact.fp32`). Invert bit 31 of an operand to
    subtract it.

    One path for near and far operands::

        a, b -- compare -- swap -- align -- add -- normalise -- round -- o
             0          1       2        4      5            9        11

    Members
    -------
    a, b : In(32)
        Bits of the addends.
    o : Out(32)
        Bits of the sum.
    """

    LATENCY = 9 + Fp32Round.LATENCY

    a: In(32)
    b: In(32)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()

        # Cycle 1: compare, in one carry chain that gives the difference of the exponents as well.
        a = Signal(32, reset_less=True)
        b = Signal(32, reset_less=True)
        a_is_zero = Signal(reset_less=True)
        b_is_zero = Signal(reset_less=True)
        difference = Signal(32)
        b_is_larger = Signal(reset_less=True)
        exponents = Signal(8, reset_less=True)  # of a less that of b, one less if b's fraction is larger
        m.d.comb += difference.eq(self.a[:31] - self.b[:31])
        m.d.sync += [
            a.eq(self.a),
            b.eq(self.b),
            Cat(exponents, b_is_larger).eq(difference[23:]),
            a_is_zero.eq(self.a[23:31] == 0),
            b_is_zero.eq(self.b[23:31] == 0),
        ]

        # Cycle 2: swap. The larger magnitude has the sign of the sum, if that is not zero.
        sign = Signal(reset_less=True)
        subtract = Signal(reset_less=True)
        exponent = Signal(8, reset_less=True)
        large = Signal(24, reset_less=True)
        small = Signal(24, reset_less=True)
        larger = Mux(b_is_larger, b, a)
        smaller = Mux(b_is_larger, a, b)
        m.d.sync += [
            sign.eq(larger[31]),
            subtract.eq(a[31] ^ b[31]),
            exponent.eq(larger[23:31]),
            large.eq(Mux(a_is_zero & b_is_zero, 0, Cat(larger[:23], 1))),
            small.eq(Mux(a_is_zero | b_is_zero, 0, Cat(smaller[:23], 1))),
        ]
        # The distance of the exponents: their difference, or its complement, and one more where a borrow of the
        # fractions shows in it. Its lowest bit is known from the exponents' own; the carry goes up from there.
        distance = Signal(5, reset_less=True)
        far = Signal(reset_less=True)
        magnitude = exponents ^ b_is_larger.replicate(8)
        odd = a[23] ^ b[23]
        carry = magnitude[0] & ~odd
        m.d.sync += distance[0].eq(odd)
        for bit in range(1, 5):
            m.d.sync += distance[bit].eq(magnitude[bit] ^ carry)
            carry = carry & magnitude[bit]
        m.d.sync += far.eq(magnitude[5:].any() | carry)  # 32 or more

        # Cycles 3 and 4: align, with guard and round bit below and a sticky bit for the rest.
        aligned_8 = Signal(26, reset_less=True)
        sticky_8 = Signal(reset_less=True)
        special = Signal(reset_less=True)
        fraction = Signal(reset_less=True)
        shifted, lost = shift_right_sticky(Cat(Const(0, 2), small), distance[3:], 8)
        m.d.sync += [
            aligned_8.eq(Mux(far, 0, shifted)),
            sticky_8.eq(Mux(far, small[23], lost)),
            # The larger one is infinite or NaN if any of them is.
            special.eq(exponent == 255),
            fraction.eq(large[:23].any()),
        ]
        # Inverted where it is subtracted. The sticky bit may stand for all bits below it: when it is set, the
        # difference has at most one leading zero. It is its own negative, and borrows from the bit above.
        addend = Signal(26, reset_less=True)
        sticky = Signal(reset_less=True)
        carry_in = Signal(reset_less=True)
        subtract_3 = delay(m, subtract, name="subtract")
        shifted, lost = shift_right_sticky(aligned_8, delay(m, distance[:3], name="distance"))
        lost = lost | sticky_8
        m.d.sync += [
            addend.eq(shifted ^ subtract_3.replicate(26)),
            sticky.eq(lost),
            carry_in.eq(subtract_3 & ~lost),
        ]

        # Cycle 5: add or subtract in one carry chain, whose lowest bit makes the carry. Its highest is the carry
        # of an addition; that of a subtraction means nothing.
        subtract_4 = delay(m, subtract_3, name="subtract_3")
        large_4 = delay(m, large, 2, name="large")
        total = Signal(28, reset_less=True)
        chain = Signal(28)
        m.d.comb += chain.eq(Cat(carry_in, Const(0, 2), large_4) + Cat(carry_in, addend))
        m.d.sync += total.eq(Cat(sticky, chain[1:27], chain[27] & ~subtract_4))

        # Cycles 6 to 9: leading one at the top. What a shift fills with zeros is reset.
        by_16 = Signal(28, reset_less=True)
        by_8 = Signal(28, reset_less=True)
        shift_16, shift_8 = Signal(reset_less=True), Signal(reset_less=True)
        empty_16, empty_8 = ~total[12:].any(), ~by_16[20:].any()
        m.d.sync += [
            shift_16.eq(empty_16),
            by_16.eq(Cat(Mux(empty_16, 0, total[:16]), Mux(empty_16, total[:12], total[16:]))),
            shift_8.eq(empty_8),
            by_8.eq(Cat(Mux(empty_8, 0, by_16[:8]), Mux(empty_8, by_16[:20], by_16[8:]))),
        ]
        ones = Signal(3, reset_less=True)
        zero = Signal(reset_less=True)
        m.d.sync += [
            ones.eq(leading_zeros(by_8[20:])),
            zero.eq(~by_8[20:].any()),
        ]
        normal = Signal(28, reset_less=True)
        normal_sign = Signal(reset_less=True)
        infinity, nan = Signal(reset_less=True), Signal(reset_less=True)
        shift = Cat(ones, delay(m, shift_8, name="shift_8"), delay(m, shift_16, 2, name="shift_16"))
        special_8 = delay(m, special, 5, name="special")
        m.d.sync += [
            normal.eq(delay(m, by_8, name="by_8") << ones),
            # A zero is negative only as the sum of negative ones.
            normal_sign.eq(delay(m, sign, 6, name="sign") & ~(zero & delay(m, subtract_4, 4, name="subtract_4"))),
            infinity.eq(special_8),
            # A NaN, or infinities that leave nothing.
            nan.eq(special_8 & (delay(m, fraction, 5, name="fraction") | zero)),
        ]
        # 1 - shift, of few inputs, instead of another carry chain.
        adjust = Signal(signed(10), reset_less=True)
        m.d.sync += adjust.eq(Cat(
            ~shift[0], shift[1], shift[2] ^ shift[1], shift[3] ^ shift[1:3].any(), shift[4] ^ shift[1:4].any(),
            shift[1:].any().replicate(5)))

        m.submodules.round = rounding = Fp32Round(exponent_width=10)
        m.d.comb += [
            rounding.sign.eq(normal_sign),
            rounding.exponent.eq(delay(m, exponent, 7, name="exponent")),
            rounding.adjust.eq(adjust),
            rounding.significand.eq(normal[4:]),
            rounding.guard.eq(normal[3]),
            rounding.sticky.eq(normal[:3].any()),
            rounding.zero.eq(delay(m, zero, name="zero")),
            rounding.infinity.eq(infinity),
            rounding.nan.eq(nan),
            self.o.eq(rounding.o),
        ]
        return m
