"""Stripes of elements, half a stripe at a time."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay

__all__ = ["HalfStripes"]


class HalfStripes(wiring.Component):
    """The two halves of a stripe, one after the other.

    Stripes must come two cycles apart at least. The lower half leaves in the cycle in which the stripe arrives, the
    upper half in the next one; no flow control.

    Parameters
    ----------
    lanes : int
        Elements of a stripe, even.

    Members
    -------
    arrives : In(1)
        A stripe.
    stripe : In(ArrayLayout(32, lanes))
    half : Out(ArrayLayout(32, lanes // 2))
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "arrives": In(1),
            "stripe": In(data.ArrayLayout(32, lanes)),
            "half": Out(data.ArrayLayout(32, lanes // 2)),
        })

    def elaborate(self, platform):
        m = Module()
        elements = list(self.stripe)
        lower, upper = Cat(elements[:self._lanes // 2]), Cat(elements[self._lanes // 2:])
        m.d.comb += self.half.as_value().eq(Mux(self.arrives, lower, delay(m, upper, name="upper")))
        return m
