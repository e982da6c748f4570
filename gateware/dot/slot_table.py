"""One word per column slot."""

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SlotTable"]


class SlotTable(wiring.Component):
    """One word per slot: a register for one slot, LUT RAM for more.

    A read is combinational, a write takes effect with the next cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of a word.
    slots : int
    reads : int
        Number of read ports.

    Members
    -------
    write_enable, write_slot, write_data : In
    read_slot{n} : In
        For n = 0 to ``reads`` - 1.
    read_data{n} : Out
    """

    def __init__(self, *, shape, slots, reads=1):
        self._shape = shape
        self._slots = slots
        self._reads = reads
        slot_bits = (slots - 1).bit_length()
        super().__init__({
            "write_enable": In(1),
            "write_slot": In(slot_bits),
            "write_data": In(shape),
        } | {f"read_slot{n}": In(slot_bits) for n in range(reads)}
          | {f"read_data{n}": Out(shape) for n in range(reads)})

    def elaborate(self, platform):
        m = Module()
        if self._slots == 1:
            word = Signal(self._shape, reset_less=True)
            with m.If(self.write_enable):
                m.d.sync += word.eq(self.write_data)
            for n in range(self._reads):
                m.d.comb += getattr(self, f"read_data{n}").eq(word)
            return m
        m.submodules.memory = table = memory.Memory(shape=self._shape, depth=self._slots, init=[])
        write = table.write_port()
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_slot),
            write.data.eq(self.write_data),
        ]
        for n in range(self._reads):
            read = table.read_port(domain="comb")
            m.d.comb += [
                read.addr.eq(getattr(self, f"read_slot{n}")),
                getattr(self, f"read_data{n}").eq(read.data),
            ]
        return m
