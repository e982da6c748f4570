"""The numbers that 4-bit indices stand for."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import CodeTableEntries
from gateware.numeric.delay import delay

__all__ = ["CodeTable"]


class CodeTable(wiring.Component):
    """16 signed bytes, looked up by ``lanes`` indices at once in LUT RAM.

    Combinational from ``indices``. A new table takes 17 cycles: ``entries`` is accepted with the last but one of
    them.

    Parameters
    ----------
    lanes : int

    Members
    -------
    entries : In(stream)
    indices : In(4), array of ``lanes``
    numbers : Out(signed(8)), array of ``lanes``
    """

    def __init__(self, lanes):
        self._lanes = lanes
        super().__init__({
            "entries": In(stream.Signature(CodeTableEntries)),
            "indices": In(data.ArrayLayout(4, lanes)),
            "numbers": Out(data.ArrayLayout(signed(8), lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = table = memory.Memory(
            shape=signed(8), depth=16, init=[],
            # So many read ports make yosys think that registers with multiplexers were cheaper.
            attrs={"ram_style": "distributed"})
        entry, written = Signal(4), Signal()
        write = table.write_port()
        m.d.comb += [
            self.entries.ready.eq(entry == 15),
            write.en.eq(written),
            # Chosen a cycle before they go to all the copies of the table.
            write.addr.eq(delay(m, entry, name="write_entry")),
            write.data.eq(delay(m, self.entries.p[entry], name="write_number")),
        ]
        m.d.sync += written.eq(self.entries.valid)
        with m.If(self.entries.valid):
            m.d.sync += entry.eq(entry + 1)
        for lane in range(self._lanes):
            read = table.read_port(domain="comb")
            m.d.comb += [read.addr.eq(self.indices[lane]), self.numbers[lane].eq(read.data)]
        return m
