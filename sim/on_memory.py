"""A design with a memory port on the memory controller of a board."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect

from soc.ports import pass_through

__all__ = ["OnMemory"]


class OnMemory(wiring.Component):
    """Connects ``memory`` of a design to that of a controller; the rest of the ports of both are those of this one.

    Parameters
    ----------
    inner : wiring.Component
        With ``memory``, Out(gateware.memory_port.MemoryPort); it may have ``dram_ready``, In(1), as well, and
        ``control``, Out(soc.dram.controller.ControlBus), if the controller has that.
    controller : wiring.Component
        Such as :class:`soc.dram.controller.DramController`.

    Members
    -------
    memory_ready : Out(1)
        The DRAM is up.
    """

    def __init__(self, inner, controller):
        self._inner, self._controller = inner, controller
        # Of an accelerator by itself `control` is something else.
        self._is_trained = "control" in controller.signature.members
        joined = ("memory", "ready", "dram_ready", *["control"] * self._is_trained)
        self._names = [[name for name in block.signature.members if name not in joined]
                       for block in (inner, controller)]
        super().__init__({name: block.signature.members[name]
                          for block, names in zip((inner, controller), self._names) for name in names}
                         | {"memory_ready": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self._inner
        m.submodules.controller = controller = self._controller
        for block, names in zip((inner, controller), self._names):
            pass_through(m, self, block, names)
        connect(m, inner.memory, controller.memory)
        m.d.comb += self.memory_ready.eq(controller.ready)
        if "dram_ready" in inner.signature.members:
            m.d.comb += inner.dram_ready.eq(controller.ready)
        if self._is_trained:
            connect(m, inner.control, controller.control)
        return m
