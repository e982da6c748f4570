"""Two masters, one set of DRAM ports."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import BurstRequest, WriteBeat

__all__ = ["MASTER_PORTS", "MasterSignature", "MemorySwitch"]

MASTER_PORTS = ("read_request", "read_data", "write_request", "write_data", "write_done")
"""Names of the DRAM ports."""


def MasterSignature(bus_bits):
    """The DRAM ports of a master, as :class:`gateware.accelerator.Accelerator` has them."""
    return wiring.Signature({
        "read_request": Out(stream.Signature(BurstRequest)),
        "read_data": In(stream.Signature(bus_bits)),
        "write_request": Out(stream.Signature(BurstRequest)),
        "write_data": Out(stream.Signature(WriteBeat(bus_bits))),
        "write_done": In(1),
    })


class MemorySwitch(wiring.Component):
    """Gives the DRAM ports to one of two masters.

    No arbiter is needed between masters of which one starts the other and then waits: the first has the ports
    while ``second`` is 0, the other while it is 1. It may change only when neither has a request on offer, a
    read that has not been answered or a write that has not been reported. Combinational, one level of logic;
    a master that has not got the ports sees none of its requests accepted.

    Parameters
    ----------
    bus_bits : int

    Members
    -------
    second : In(1)
    masters : In(MasterSignature), two of them
    memory : Out(MasterSignature)
    """

    def __init__(self, *, bus_bits):
        signature = MasterSignature(bus_bits)
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
