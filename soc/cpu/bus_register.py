"""Registers on the processor's bus."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.cpu.bus import ProcessorBus

__all__ = ["BusRegister"]


class BusRegister(wiring.Component):
    """Registers both ways, so that no path leads through; an access takes two cycles more.

    Members
    -------
    bus : In(ProcessorBus)
    target : Out(ProcessorBus)
    """

    bus: In(ProcessorBus)
    target: Out(ProcessorBus)

    def elaborate(self, platform):
        m = Module()
        bus, target = self.bus, self.target
        m.d.sync += [bus.ready.eq(target.valid & target.ready), bus.read_data.eq(target.read_data)]
        with m.If(target.valid):
            m.d.sync += target.valid.eq(~target.ready)
        with m.Else():
            # In the cycle of the answer the access is still there.
            m.d.sync += [
                target.valid.eq(bus.valid & ~bus.ready),
                target.address.eq(bus.address),
                target.strobes.eq(bus.strobes),
                target.write_data.eq(bus.write_data),
            ]
        return m
