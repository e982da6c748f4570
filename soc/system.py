"""Accelerator and link: everything between a stream of bytes and the port of the DRAM."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.accelerator import Accelerator
from gateware.memory_port import MemoryPort
from soc.link.bridge import LinkBridge
from soc.memory_switch import MemorySwitch

__all__ = ["System"]


class System(wiring.Component):
    """The accelerator with a host link and one port of the DRAM; portable.

    ::

        rx, tx <--> LinkBridge --+-- control --> Accelerator
                                 |                    |
                                 '--> MemorySwitch <--'
                                           |
                                         memory

    DRAM belongs to the accelerator while it runs, to the link otherwise.

    Parameters
    ----------
    config : gateware.config.Config
    memory_bytes : int
        Size of the DRAM; see :class:`soc.link.bridge.LinkBridge`.

    Members
    -------
    rx : In(stream of 8)
    tx : Out(stream of 8)
    memory : Out(MemoryPort)
    busy : Out(1)
        The accelerator is running.
    active, accepted, refused : Out(1)
        See :class:`soc.link.bridge.LinkBridge`.
    program_counter : Out(16)
        See :class:`gateware.accelerator.Accelerator`.
    """

    def __init__(self, config, *, memory_bytes):
        self._config, self._memory_bytes = config, memory_bytes
        super().__init__({
            "rx": In(stream.Signature(8)),
            "tx": Out(stream.Signature(8)),
            "memory": Out(MemoryPort(config.memory.bus_bits)),
            "busy": Out(1),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
            "program_counter": Out(16),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.accelerator = accelerator = Accelerator(config)
        m.submodules.bridge = bridge = LinkBridge(
            identity=config.image_key, bus_bits=config.memory.bus_bits, memory_bytes=self._memory_bytes)
        m.submodules.switch = switch = MemorySwitch(bus_bits=config.memory.bus_bits)
        connect(m, flipped(self.rx), bridge.rx)
        connect(m, bridge.tx, flipped(self.tx))
        connect(m, bridge.control, accelerator.control)
        connect(m, bridge.memory, switch.masters[0])
        connect(m, accelerator.memory, switch.masters[1])
        connect(m, switch.memory, flipped(self.memory))
        m.d.comb += [
            switch.second.eq(accelerator.control.busy),
            self.busy.eq(accelerator.control.busy),
            self.active.eq(bridge.active),
            self.accepted.eq(bridge.accepted),
            self.refused.eq(bridge.refused),
            self.program_counter.eq(accelerator.program_counter),
        ]
        return m
