"""Something on the processor's bus that writes to DRAM by itself."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort
from soc.cpu.bus import ProcessorBus

__all__ = ["Filler", "filled"]

_VALUE = 0x9e3779b9


def filled(index, bus_bits):
    """The bus word (int) that is written to the bus word ``index`` of the DRAM."""
    return (index * _VALUE) % (1 << min(bus_bits, 64))


class Filler(wiring.Component):
    """Writes `filled` words to bus words of DRAM, one burst of one beat after another.

    Writes: offset 0: the first bus word; offset 4: how many, which begins it. Reads: how many are not there yet.

    Parameters
    ----------
    bus_bits : int
    """

    def __init__(self, *, bus_bits):
        super().__init__({
            "bus": In(ProcessorBus),
            "memory": Out(MemoryPort(bus_bits)),
            "filling": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        bus, memory = self.bus, self.memory
        index, unrequested, unsent, left = Signal(32), Signal(32), Signal(32), Signal(32)
        request = Signal(32)
        m.d.comb += [
            bus.ready.eq(1),
            bus.read_data.eq(left),
            self.filling.eq(left != 0),
            memory.write_request.valid.eq(unrequested != 0),
            memory.write_request.p.address.eq(request),
            memory.write_request.p.length.eq(1),
            memory.write_data.valid.eq(unsent != 0),
            memory.write_data.p.data.eq(index * _VALUE),
            memory.write_data.p.mask.eq(~0),
        ]
        with m.If(memory.write_request.valid & memory.write_request.ready):
            m.d.sync += [request.eq(request + 1), unrequested.eq(unrequested - 1)]
        with m.If(memory.write_data.valid & memory.write_data.ready):
            m.d.sync += [index.eq(index + 1), unsent.eq(unsent - 1)]
        with m.If(bus.valid & bus.strobes.any()):
            with m.If(bus.address[2]):
                m.d.sync += [unrequested.eq(bus.write_data), unsent.eq(bus.write_data), left.eq(bus.write_data)]
            with m.Else():
                m.d.sync += [request.eq(bus.write_data), index.eq(bus.write_data)]
        with m.Elif(memory.write_done):
            m.d.sync += left.eq(left - 1)
        return m
