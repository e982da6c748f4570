"""A light that shows what is too short to be seen."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ActivityLight"]


class ActivityLight(wiring.Component):
    """``light`` is 1 while ``event`` is, and ``2 ** BITS`` cycles longer.

    Latency 1 cycle.

    Members
    -------
    event : In(1)
    light : Out(1)
    """

    BITS = 22
    """56 ms at 75 MHz."""

    event: In(1)
    light: Out(1)

    def elaborate(self, platform):
        m = Module()
        left = Signal(self.BITS)
        with m.If(self.event):
            m.d.sync += [left.eq(-1), self.light.eq(1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += self.light.eq(0)
        return m
