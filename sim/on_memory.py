"""A design with burst ports on the memory controller of a board."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect

from sim.ports import pass_through

__all__ = ["OnMemory"]

_BURST_PORTS = ("read_request", "read_data", "write_request", "write_data", "write_done")


class OnMemory(wiring.Component):
    """Connects the burst ports of a design to a controller; the rest of its ports are those of this one.

    Parameters
    ----------
    inner : wiring.Component
        With burst ports for reading, or for reading and writing.
    controller : wiring.Component
        Such as :class:`soc.dram.controller.DramController`.

    Members
    -------
    memory_ready : Out(1)
        The DRAM is up.
    """

    def __init__(self, inner, controller):
        self._inner, self._controller = inner, controller
        members = {name: member for name, member in inner.signature.members.items() if name not in _BURST_PORTS}
        members |= {name: member for name, member in controller.signature.members.items()
                    if name not in (*_BURST_PORTS, "ready")}
        super().__init__(members | {"memory_ready": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self._inner
        m.submodules.controller = controller = self._controller
        for block in (inner, controller):
            pass_through(m, self, block, [name for name in block.signature.members
                                          if name not in (*_BURST_PORTS, "ready")])
        m.d.comb += self.memory_ready.eq(controller.ready)
        connect(m, inner.read_request, controller.read_request)
        connect(m, controller.read_data, inner.read_data)
        if "write_request" in inner.signature.members:
            connect(m, inner.write_request, controller.write_request)
            connect(m, inner.write_data, controller.write_data)
            m.d.comb += inner.write_done.eq(controller.write_done)
        return m
