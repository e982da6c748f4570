"""Who on the processor's bus is meant."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.cpu.bus import ProcessorBus
from soc.cpu.map import REGION_SHIFT, Region, pattern

__all__ = ["BusDecoder"]


class BusDecoder(wiring.Component):
    """Hands an access to the region of its address; combinational.

    Where there is no region reads give 0 and writes are lost, at once: a wrong address stops nobody.

    Parameters
    ----------
    regions : iterable of Region

    Members
    -------
    bus : In(ProcessorBus)
    memory, console, ... : Out(ProcessorBus)
        One for each region, with its name in lower case.
    """

    def __init__(self, *, regions=tuple(Region)):
        self._regions = tuple(regions)
        super().__init__({"bus": In(ProcessorBus)} | {
            region.name.lower(): Out(ProcessorBus) for region in self._regions})

    def elaborate(self, platform):
        m = Module()
        with m.Switch(self.bus.address[REGION_SHIFT:]):
            for region in self._regions:
                target = getattr(self, region.name.lower())
                m.d.comb += [
                    target.address.eq(self.bus.address),
                    target.strobes.eq(self.bus.strobes),
                    target.write_data.eq(self.bus.write_data),
                ]
                with m.Case(pattern(region)):
                    m.d.comb += [
                        target.valid.eq(self.bus.valid),
                        self.bus.ready.eq(target.ready),
                        self.bus.read_data.eq(target.read_data),
                    ]
            with m.Default():
                m.d.comb += self.bus.ready.eq(1)
        return m
