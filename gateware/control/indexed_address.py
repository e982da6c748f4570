"""base + stride * index, a bit at a time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["IndexedAddress"]


class IndexedAddress(wiring.Component):
    """Computes ``base + stride * index`` modulo 2**32 by shifting and adding.

    Takes as many cycles as the index has significant bits, at least one, which nobody waits for: addresses are computed
    while earlier instructions execute. No multipliers.

    Members
    -------
    start : In(1)
        Takes ``base``, ``stride`` and ``index``; the result counts from the next cycle on.
    base : In(32)
    stride : In(24)
    index : In(32)
    ready : Out(1)
        ``address`` is the result, until the next ``start``. A register.
    address : Out(32)
    """

    start: In(1)
    base: In(32)
    stride: In(24)
    index: In(32)
    ready: Out(1)
    address: Out(32)

    def elaborate(self, platform):
        m = Module()
        multiplier = Signal(32)
        step = Signal(32, reset_less=True)
        address = Signal(32, reset_less=True)
        m.d.comb += self.address.eq(address)
        m.d.sync += [multiplier.eq(multiplier >> 1), step.eq(step << 1), self.ready.eq(multiplier >> 1 == 0)]
        with m.If(multiplier[0]):
            m.d.sync += address.eq(address + step)
        with m.If(self.start):
            m.d.sync += [
                address.eq(self.base),
                step.eq(self.stride),
                self.ready.eq(0),
                multiplier.eq(Mux(self.stride == 0, 0, self.index)),
            ]
        return m
