"""Rounding of a block of mantissas; its function is `gateware.exact.block_float.block_float_round`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.exact.fp32 import BIAS
from gateware.numeric.delay import delay
from gateware.numeric.shift import shift_right_sticky


__all__ = ["BlockFloatRound"]


class BlockFloatRound(wiring.Component):
    """Mantissas of a block whose exponent is known.

    A free-running pipeline: latency ``LATENCY`` cycles, one mantissa per cycle, no flow control.
    Rounds ``a * 2**-exponent`` to nearest even and clamps it to ``+-(2**(bits - 1) - 1)``. Subnormals
    are zero. An infinity or NaN has the largest mantissa with its sign.

    Members
    -------
    a : In(32)
        Bits of an fp32 number.
    exponent : In(signed(10))
        Exponent of the mantissa's least significant bit, see `gateware.exact.block_float.block_exponent`.
    bits : In(5)
        Width of the mantissa: 18, 16, 8 or 4. Constant while anything is in the pipeline.
    o : Out(signed(18))
        Mantissa.
    """

    LATENCY = 7

    a: In(32)
    exponent: In(signed(10))
    bits: In(5)
    o: Out(signed(18))

    def elaborate(self, platform):
        m = Module()

        # Cycle 1. The significand has 23 fractional bits.
        field = self.a[23:31]
        significand = Signal(24, reset_less=True)
        special = Signal(reset_less=True)
        difference = Signal(signed(11), reset_less=True)
        m.d.sync += [
            significand.eq(Mux(field.any(), Cat(self.a[:23], 1), 0)),
            special.eq(field == 255),
            difference.eq(self.exponent - field),
        ]
        # Cycle 2. A mantissa that needs less than a shift by 7 to the right has more than 17 bits.
        amount = Signal(signed(12), reset_less=True)
        nonzero = Signal(reset_less=True)
        m.d.sync += [
            amount.eq(difference + (BIAS + 23 - 7)),
            nonzero.eq(significand[23]),
        ]
        # Cycles 3 and 4: shift, 7 fractional bits stay.
        shifted_4 = Signal(24, reset_less=True)
        sticky_4 = Signal(reset_less=True)
        saturate = Signal(reset_less=True)
        shifted = Signal(24, reset_less=True)
        sticky = Signal(reset_less=True)
        shift, lost = shift_right_sticky(delay(m, significand, name="significand"), amount[2:5], 4)
        m.d.sync += [
            # From 32 on nothing is left that could round up.
            shifted_4.eq(Mux(amount[5:].any(), 0, shift)),
            sticky_4.eq(lost),
            saturate.eq(delay(m, special, name="special") | (nonzero & (amount < 0))),
        ]
        shift, lost = shift_right_sticky(shifted_4, delay(m, amount[:2], name="amount"))
        m.d.sync += [
            shifted.eq(shift),
            sticky.eq(sticky_4 | lost),
        ]
        # Cycle 5: round.
        magnitude = Signal(18, reset_less=True)
        round_up = shifted[6] & (sticky | shifted[:6].any() | shifted[7])
        m.d.sync += magnitude.eq(shifted[7:] + round_up)
        # Cycle 6: clamp. Bits that are left of the magnitude: 3, 7, 15 or 17 of them.
        clamped = Signal(17, reset_less=True)
        limit = Signal(18, reset_less=True)  # as wide as the magnitude, all of whose bits are looked at
        m.d.sync += limit.eq(Mux(self.bits == 18, 2**17 - 1,
                                 Cat(Const(7, 3), (~self.bits[2]).replicate(4), self.bits[4].replicate(8))))
        clamp = delay(m, saturate, 2, name="saturate") | (magnitude & ~limit).any()
        m.d.sync += clamped.eq(Mux(clamp, limit, magnitude))
        # Cycle 7: sign.
        mantissa = Signal(signed(18), reset_less=True)
        sign = delay(m, self.a[31], 6, name="sign")
        m.d.sync += mantissa.eq((Cat(clamped, 0) ^ sign.replicate(18)) + sign)
        m.d.comb += self.o.eq(mantissa)
        return m
