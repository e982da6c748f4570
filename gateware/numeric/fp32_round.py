"""The last two stages of every fp32 unit: rounding, and the values that are no rounded numbers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay


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
    adjust : In(signed(exponent_width))
        Their sum is the biased exponent of the leading one; any value but the greatest.
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
            "adjust": In(signed(exponent_width)),
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

        # One carry chain for all: a carry out of the fraction increments the exponent and leaves a fraction of zero.
        round_up = self.guard & (self.sticky | self.significand[0])
        number = Cat(self.significand[:23], self.exponent)
        correction = Cat(round_up, Const(0, 22), self.adjust)
        rounded = Signal(len(number), reset_less=True)
        m.d.sync += rounded.eq(number + correction)
        sign = delay(m, self.sign, name="sign")
        zero = delay(m, self.zero, name="zero")
        infinity = delay(m, self.infinity, name="infinity")
        nan = delay(m, self.nan, name="nan")

        field = rounded[23:]
        negative = field[-1]
        clear = Signal()
        saturate = Signal()
        m.d.comb += [
            saturate.eq(nan | infinity | (~zero & ~negative & (field[8:-1].any() | field[:8].all()))),
            clear.eq(zero | negative | ~field.any()),
        ]
        # Whatever overrules the number clears its fraction: that is the reset of these registers, not logic.
        fraction = Signal(22, reset_less=True)
        top = Signal(10, reset_less=True)
        m.d.sync += [
            fraction.eq(Mux(saturate | clear, 0, rounded[:22])),
            top.eq(Cat(
                nan | (rounded[22] & ~(saturate | clear)),
                Mux(saturate, 255, Mux(clear, 0, rounded[23:31])),
                sign & ~nan)),
        ]
        m.d.comb += self.o.eq(Cat(fraction, top))
        return m
