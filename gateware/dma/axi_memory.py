"""A memory port on the AXI ports of a memory."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.axi import AxiReadSignature, AxiWriteSignature
from gateware.dma.axi_reader import AxiReader
from gateware.dma.axi_writer import AxiWriter
from gateware.memory_port import MemoryPort

__all__ = ["AxiMemory"]


class AxiMemory(wiring.Component):
    """:class:`AxiReader` on several ports, and :class:`AxiWriter` on the write channels of the first one.

    Parameters
    ----------
    bus_bits, port_bits, ports, base
        See :class:`AxiReader`.

    Members
    -------
    memory : In(MemoryPort)
    ready : Out(1)
        Constant: somebody else has brought the memory up.
    axi_read0, ... : Out(AxiReadSignature)
    axi_write : Out(AxiWriteSignature)
    error : Out(1)
        A reply was not OKAY, some time ago.
    """

    def __init__(self, *, bus_bits, port_bits=64, ports=2, base=0):
        self._reader = AxiReader(bus_bits=bus_bits, port_bits=port_bits, ports=ports, base=base)
        self._writer = AxiWriter(bus_bits=bus_bits, port_bits=port_bits, base=base)
        self._ports = ports
        super().__init__({
            "memory": In(MemoryPort(bus_bits)),
            "ready": Out(1),
            "axi_write": Out(AxiWriteSignature(port_bits)),
            "error": Out(1),
        } | {f"axi_read{number}": Out(AxiReadSignature(port_bits)) for number in range(ports)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader, m.submodules.writer = reader, writer = self._reader, self._writer
        memory = self.memory
        connect(m, flipped(memory.read_request), reader.read_request)
        connect(m, reader.read_data, flipped(memory.read_data))
        connect(m, flipped(memory.write_request), writer.write_request)
        connect(m, flipped(memory.write_data), writer.write_data)
        connect(m, writer.port, flipped(self.axi_write))
        for number in range(self._ports):
            connect(m, getattr(reader, f"port{number}"), flipped(getattr(self, f"axi_read{number}")))
        m.d.comb += [
            memory.write_done.eq(writer.write_done),
            self.ready.eq(1),
            self.error.eq(reader.error | writer.error),
        ]
        return m
