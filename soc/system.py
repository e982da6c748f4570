"""Accelerator and link: everything between a stream of bytes and the DRAM ports."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.accelerator import Accelerator
from soc.link.bridge import LinkBridge
from soc.memory_switch import MASTER_PORTS, MasterSignature, MemorySwitch

__all__ = ["System"]


class System(wiring.Component):
    """The accelerator with a host link and one set of DRAM ports; portable.

    ::

        rx, tx <--> LinkBridge --+-- control --> Accelerator
                                 |                    |
                                 '--> MemorySwitch <--'
                                           |
                                       DRAM ports

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
    read_request, read_data, write_request, write_data, write_done
        See :class:`gateware.accelerator.Accelerator`.
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
            **MasterSignature(config.memory.bus_bits).members,
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
        for master, ports in zip(switch.masters, (bridge, accelerator)):
            _connect_memory(m, master, ports)
        _connect_memory(m, self, switch.memory)
        for name, member in bridge.control.signature.members.items():
            control, port = getattr(bridge.control, name), getattr(accelerator, name)
            m.d.comb += port.eq(control) if member.flow == Out else control.eq(port)
        m.d.comb += [
            switch.second.eq(accelerator.busy),
            self.busy.eq(accelerator.busy),
            self.active.eq(bridge.active),
            self.accepted.eq(bridge.accepted),
            self.refused.eq(bridge.refused),
            self.program_counter.eq(accelerator.program_counter),
        ]
        return m


def _connect_memory(m, memory, master):
    """Connect the DRAM ports of a master to what serves them, whichever way round these see themselves."""
    for name in MASTER_PORTS:
        theirs, ours = getattr(master, name), getattr(memory, name)
        if name == "write_done":
            m.d.comb += theirs.eq(ours)
            continue
        source, sink = (ours, theirs) if name == "read_data" else (theirs, ours)
        m.d.comb += [
            sink.valid.eq(source.valid),
            sink.payload.eq(source.payload),
            source.ready.eq(sink.ready),
        ]
