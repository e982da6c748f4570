"""Scaled integer to single precision; its function is `gateware.exact.fp32.integer_to_fp32`."""

from amaranth.hdl import Array, Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.exact.fp32 import BIAS
from gateware.numeric.delay import delay
from gateware.numeric.fp32_round import Fp32Round
from gateware.numeric.shift import leading_zeros


__all__ = ["IntegerToFp32"]


class IntegerToFp32(wiring.Component):
    """``mantissa * 2**exponent`` in single precision, rounded once.

    A free-running pipeline: latency ``LATENCY`` cycles, one result per cycle, no flow control. Rounds to
    nearest even, flushes subnormals (see `gateware.exact.fp32`)::

        mantissa -- magnitude -- nibbles -- by 16s -- by 4s -- by 1s -- round -- o
                 0            2          4         5        6        7        9

    Members
    -------
    mantissa : In(signed(64))
        Any value; zero gives +0.
    exponent : In(signed(12))
    o : Out(32)
        Bits of the result.
    """

    LATENCY = 7 + Fp32Round.LATENCY

    mantissa: In(signed(64))
    exponent: In(signed(12))
    o: Out(32)

    def elaborate(self, platform):
        m = Module()

        # Cycles 1 and 2: magnitude, in two halves of the carry chain.
        sign = self.mantissa[63]
        inverted = self.mantissa ^ sign.replicate(64)
        low = Signal(33, reset_less=True)
        magnitude = Signal(64, reset_less=True)
        m.d.sync += [
            low.eq(inverted[:32] + sign),
            magnitude.eq(Cat(low[:32], delay(m, inverted[32:], name="high") + low[32])),
        ]

        # Cycles 3 and 4: which nibble holds the leading one.
        occupied = Signal(16, reset_less=True)
        nibbles = Signal(4, reset_less=True)
        zero = Signal(reset_less=True)
        groups = [occupied[index:index + 4] for index in range(0, 16, 4)]
        top_group = leading_zeros(Cat(group.any() for group in groups))
        m.d.sync += [
            occupied.eq(Cat(magnitude.word_select(index, 4).any() for index in range(16))),
            nibbles.eq(Cat(Array(leading_zeros(group) for group in reversed(groups))[top_group], top_group)),
            zero.eq(~occupied.any()),
        ]

        # Cycles 5 to 7: leading one at the top.
        by_16 = Signal(64, reset_less=True)
        by_4 = Signal(64, reset_less=True)
        normal = Signal(28, reset_less=True)
        sticky = Signal(reset_less=True)
        ones = leading_zeros(by_4[60:])
        nibbles_5 = delay(m, nibbles, name="nibbles")
        exponent_4 = Signal(signed(13), reset_less=True)
        exponent_7 = Signal(signed(13), reset_less=True)
        m.d.sync += [
            by_16.eq(delay(m, magnitude, 2, name="magnitude") << (nibbles[2:] << 4)),
            by_4.eq(by_16 << (nibbles_5[:2] << 2)),
            normal.eq(by_4[36:] << ones),
            sticky.eq(by_4[:36].any()),
            exponent_4.eq(delay(m, self.exponent, 3, name="exponent") + (BIAS + 63)),
            exponent_7.eq(delay(m, exponent_4, 2, name="exponent_4")
                          - Cat(ones, delay(m, nibbles_5, name="nibbles_5"))),
        ]

        m.submodules.round = rounding = Fp32Round(exponent_width=13)
        m.d.comb += [
            rounding.sign.eq(delay(m, sign, 7, name="sign")),
            rounding.exponent.eq(exponent_7),
            rounding.significand.eq(normal[4:]),
            rounding.guard.eq(normal[3]),
            rounding.sticky.eq(normal[:3].any() | sticky),
            rounding.zero.eq(delay(m, zero, 3, name="zero")),
            self.o.eq(rounding.o),
        ]
        return m
