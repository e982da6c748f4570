"""A function of the elements of stripes."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay
from gateware.numeric.function import Fp32Function
from gateware.vector.half_stripes import HalfStripes

__all__ = ["StripeFunction"]


class StripeFunction(wiring.Component):
    """``function(x)`` of every element ``x`` of a stripe, in units for half a stripe.

    A free-running pipeline: latency ``LATENCY`` cycles, a stripe every two cycles at most, no flow control.
    Functions are a small part of what the lanes compute, and a unit for one takes more than a multiplier and
    nearly as much as an adder.

    Parameters
    ----------
    lanes : int
        Elements of a stripe, even.

    Members
    -------
    arrives : In(1)
        A stripe.
    function : In(2)
        A :class:`gateware.isa.Function`, but not the identity. Constant while anything is in the pipeline.
    stripe : In(ArrayLayout(32, lanes))
    o : Out(ArrayLayout(32, lanes))
        ``LATENCY`` cycles after the stripe.
    """

    LATENCY = Fp32Function.LATENCY + 1

    def __init__(self, *, lanes):
        self._lanes = lanes
        stripe = data.ArrayLayout(32, lanes)
        super().__init__({"arrives": In(1), "function": In(2), "stripe": In(stripe), "o": Out(stripe)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.halves = halves = HalfStripes(lanes=self._lanes)
        m.d.comb += [halves.arrives.eq(self.arrives), halves.stripe.eq(self.stripe)]
        results = []
        for lane in range(self._lanes // 2):
            m.submodules[f"function_{lane}"] = function = Fp32Function()
            m.d.comb += [function.select.eq(self.function), function.a.eq(halves.half[lane])]
            results.append(function.o)
        upper = Cat(results)
        m.d.comb += self.o.as_value().eq(Cat(delay(m, upper, name="lower"), upper))
        return m
