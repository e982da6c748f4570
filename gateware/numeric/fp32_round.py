"""The last two stages of every fp32 unit: rounding, and the values that are no rounded numbers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .delay import delay
from .fp32 import INFINITY_BITS, NAN_BITS


__all__ = ["Fp32Round"]


class Fp32Round(wiring.Component):
    """Rounds a normalised number to fp32, to nearest even, and packs it.

    A free-running pipeline: latency ``LATENCY`` cycles, one result per cycle, no flow control. A
    number that is below the normal range after rounding becomes zero with its sign, one that is
    above it becomes infinity.

    Parameters
    ----------
    exponent_width : int
        Bits of the signed exponent, at least 10.

    Members
    -------
    sign : In(1)
    exponent : In(signed(exponent_width))
        Biased exponent of the leading one; any value but the greatest.
    significand : In(24)
        Leading one at the top.
    guard, sticky : In(1)
        The bit below the significand, and whether any bit below that one is set.
    zero, infinity, nan : In(1)
        Results that overrule the number. NaN goes first, then infinity.
    o : Out(32)

    Raises
    ------
    ValueError
        If the exponent has less than 10 bits.
    """

    LATENCY = 2

    def __init__(self, *, exponent_width):
        if exponent_width < 10:
            raise ValueError(f"Exponent width must be at least 10, not {exponent_width!r}")
        super().__init__({
            "sign": In(1),
            "exponent": In(signed(exponent_width)),
            "significand": In(24),
            "guard": In(1),
            "sticky": In(1),
            "zero": In(1),
            "infinity": In(1),
            "nan": In(1),
            "o": Out(32),
        })

    def elaborate(self, platform):
        m = Module()

        # A carry out of the fraction increments the exponent and leaves a fraction of zero.
        round_up = self.guard & (self.sticky | self.significand[0])
        number = Cat(self.significand[:23], self.exponent)
        rounded = Signal(len(number), reset_less=True)
        m.d.sync += rounded.eq(number + round_up)
        sign = delay(m, self.sign, name="sign")
        zero = delay(m, self.zero, name="zero")
        infinity = delay(m, self.infinity, name="infinity")
        nan = delay(m, self.nan, name="nan")

        field = rounded[23:].as_signed()
        finite = ~infinity & ~nan
        clear = Signal()
        saturate = Signal()
        output = Signal(32, reset_less=True)
        m.d.comb += [
            clear.eq(finite & (zero | (field <= 0))),
            saturate.eq(infinity | (field >= 255)),
            self.o.eq(output),
        ]
        m.d.sync += output.eq(
            Mux(nan, NAN_BITS,
                Cat(Mux(clear, Const(0, 31), Mux(saturate, Const(INFINITY_BITS, 31), rounded[:31])), sign)))
        return m
