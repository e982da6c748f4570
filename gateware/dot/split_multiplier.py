"""Multiplication of a number that is somewhat too wide for a multiplier."""

from amaranth.hdl import Cat, Const, Module, Signal, signed as signed_shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.small_multiplier import SmallMultiplier
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier

__all__ = ["SplitMultiplier"]


class SplitMultiplier(wiring.Component):
    """Pipelined product of a signed number of more than 18 bits and a narrow one, with a single multiplier.

    The lower 17 bits go through the multiplier, the few above them through LUTs. The two products are left
    for the user to add, because there is usually more to add: ``o == low + (high << 17)``.

    A free-running pipeline: latency ``LATENCY`` cycles, one product per cycle, no flow control.

    Parameters
    ----------
    a_width : int
        19..35.
    b_width : int
        At most 12.
    signed : bool
        Whether ``b`` is signed; ``a`` always is.

    Members
    -------
    a : In(signed(a_width))
    b : In(b_width)
    low : Out(signed(17 + b_width + 1))
    high : Out(signed(a_width - 17 + b_width))
    """

    LATENCY = Multiplier.LATENCY
    LIMB_BITS = 17

    def __init__(self, *, a_width, b_width, signed):
        self._signed = signed
        super().__init__({
            "a": In(signed_shape(a_width)),
            "b": In(signed_shape(b_width) if signed else b_width),
            "low": Out(signed_shape(self.LIMB_BITS + b_width + 1)),
            "high": Out(signed_shape(a_width - self.LIMB_BITS + b_width)),
        })

    def elaborate(self, platform):
        m = Module()
        b = self.b if self._signed else Cat(self.b, Const(0, 1)).as_signed()
        m.submodules.lower = lower = Multiplier(a_width=self.LIMB_BITS + 1, b_width=len(b), signed=True)
        m.d.comb += [
            lower.a.eq(Cat(self.a[:self.LIMB_BITS], Const(0, 1)).as_signed()),
            lower.b.eq(b),
            self.low.eq(lower.o),
        ]
        upper = self.a[self.LIMB_BITS:].as_signed()
        # The narrower factor chooses the partial products.
        if len(upper) < len(self.b) and self._signed:
            small = SmallMultiplier(a_width=len(b), b_width=len(upper), signed=True)
            factors = b, upper
        else:
            small = SmallMultiplier(a_width=len(upper), b_width=len(self.b), signed=self._signed)
            factors = upper, self.b
        m.submodules.upper = small
        m.d.comb += [
            small.a.eq(factors[0]),
            small.b.eq(factors[1]),
            self.high.eq(delay(m, small.o, self.LATENCY - SmallMultiplier.LATENCY, name="upper")),
        ]
        return m
