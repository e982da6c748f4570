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
    rest : bool
        All other addresses have a bus of their own.

    Members
    -------
    bus : In(ProcessorBus)
    memory, console, ... : Out(ProcessorBus)
        One for each region, with its name in lower case.
    rest : Out(ProcessorBus)
        If there is one.
    """

    def __init__(self, *, regions=tuple(Region), rest=False):
        self._targets = {pattern(region): region.name.lower() for region in regions}
        self._rest = rest
        super().__init__({"bus": In(ProcessorBus)} | {
            name: Out(ProcessorBus) for name in (*self._targets.values(), *["rest"] * rest)})

    def elaborate(self, platform):
        m = Module()
        with m.Switch(self.bus.address[REGION_SHIFT:]):
            for code, name in self._targets.items():
                with m.Case(code):
                    self._join(m, getattr(self, name))
            with m.Default():
                if self._rest:
                    self._join(m, self.rest)
                else:
                    m.d.comb += self.bus.ready.eq(1)
        # What is not valid may be anything: these need no selection.
        for name in (*self._targets.values(), *["rest"] * self._rest):
            for member in ("address", "strobes", "write_data"):
                m.d.comb += getattr(getattr(self, name), member).eq(getattr(self.bus, member))
        return m

    def _join(self, m, target):
        m.d.comb += [
            target.valid.eq(self.bus.valid),
            self.bus.ready.eq(target.ready),
            self.bus.read_data.eq(target.read_data),
        ]
