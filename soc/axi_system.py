"""The system beside processors, on AXI."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.axi import AxiReadSignature, AxiWriteSignature
from gateware.dma.axi_memory import AxiMemory
from soc.link.axi_port import AxiLinkPort, AxiRegisterSignature
from soc.system import System

__all__ = ["AxiSystem"]


class AxiSystem(wiring.Component):
    """:class:`soc.system.System` with AXI ports: what the top of a chip with processors instantiates.

    ::

        bus --> AxiLinkPort <--> System <--> AxiMemory --+--> axi_read0, axi_write
                                                         '--> axi_read1

    The host's program runs on a processor and writes and reads the link's bytes as registers. Bursts of the memory have
    at most 16 beats of 64 bits and stay within 4 KiB (:class:`gateware.dma.axi_reader.AxiReader`).

    Parameters
    ----------
    config : gateware.config.Config
    memory_bytes, base : int
        Size of the accelerator's part of the memory and its AXI address, a multiple of 4096.
    id_bits : int
        Of ``bus``.

    Members
    -------
    bus : In(AxiRegisterSignature)
    axi_read0, axi_read1 : Out(AxiReadSignature)
    axi_write : Out(AxiWriteSignature)
    busy, active, accepted, refused, program_counter
        See :class:`soc.system.System`.
    dropped : Out(1)
        Pulse: a byte of the link was lost.
    error : Out(1)
        A reply of the memory was not OKAY, some time ago.
    """

    PORTS, PORT_BITS = 2, 64

    def __init__(self, config, *, memory_bytes, base, id_bits=12):
        self._system = System(config, memory_bytes=memory_bytes)
        self._memory = AxiMemory(bus_bits=config.memory.bus_bits, port_bits=self.PORT_BITS, ports=self.PORTS, base=base)
        self._port = AxiLinkPort(id_bits=id_bits)
        super().__init__({
            "bus": In(AxiRegisterSignature(id_bits)),
            **{f"axi_read{number}": Out(AxiReadSignature(self.PORT_BITS)) for number in range(self.PORTS)},
            "axi_write": Out(AxiWriteSignature(self.PORT_BITS)),
            "busy": Out(1),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
            "dropped": Out(1),
            "error": Out(1),
            "program_counter": Out(16),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.system, m.submodules.memory, m.submodules.port = system, memory, port = (
            self._system, self._memory, self._port)
        connect(m, flipped(self.bus), port.bus)
        connect(m, port.to_link, system.rx)
        connect(m, system.tx, port.from_link)
        connect(m, system.memory, memory.memory)
        for name in ("axi_read0", "axi_read1", "axi_write"):
            connect(m, getattr(memory, name), flipped(getattr(self, name)))
        m.d.comb += [
            self.dropped.eq(port.dropped),
            self.error.eq(memory.error),
        ]
        for name in ("busy", "active", "accepted", "refused", "program_counter"):
            m.d.comb += getattr(self, name).eq(getattr(system, name))
        return m
