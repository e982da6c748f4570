"""Two masters, one port of the DRAM."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort

__all__ = ["MemorySwitch"]


class MemorySwitch(wiring.Component):
    """Gives the port of the DRAM to one of two masters.

    No arbiter is needed between masters of which one starts the other and then waits: the first has the port
    while ``second`` is 0, the other while it is 1. It may change only when neither has a request on offer, a
    read that has not been answered or a write that has not been reported. Combinational, one level of logic;
    a master that has not got the port sees none of its requests accepted.

    Parameters
    ----------
    bus_bits : int

    Members
    -------
    second : In(1)
    masters : In(MemoryPort), two of them
    memory : Out(MemoryPort)
    """

    def __init__(self, *, bus_bits):
        signature = MemoryPort(bus_bits)
        super().__init__({
            "second": In(1),
            "masters": In(signature).array(2),
            "memory": Out(signature),
        })

    def elaborate(self, platform):
        m = Module()
        memory = self.memory
        m.d.comb += memory.read_data.ready.eq(self.masters[0].read_data.ready)
        with m.If(self.second):
            m.d.comb += memory.read_data.ready.eq(self.masters[1].read_data.ready)
        for index, master in enumerate(self.masters):
            own = self.second == index
            m.d.comb += [
                master.read_data.valid.eq(memory.read_data.valid & own),
                master.read_data.payload.eq(memory.read_data.payload),
                master.write_done.eq(memory.write_done & own),
            ]
            for name in ("read_request", "write_request", "write_data"):
                ours, theirs = getattr(memory, name), getattr(master, name)
                m.d.comb += theirs.ready.eq(ours.ready & own)
                with m.If(own):
                    m.d.comb += ours.valid.eq(theirs.valid)
                    # Field by field: the compiled simulation takes a payload that is split in two for
                    # feedback.
                    for field, _ in ours.payload.shape():
                        m.d.comb += ours.p[field].eq(theirs.p[field])
        return m
