"""Proof: a gate that says that nothing is under way is right, and what it has let through stays whole."""

import pytest
from amaranth.hdl import Assert, Assume, ClockDomain, Elaboratable, Module, Mux, Signal

from soc.memory_gate import MemoryGate
from testing.formal import prove
from testing.formal_parts import assert_held
from testing.memory_formal import AnyMaster, AnyMemory

LONGEST = 3


class _Gated(Elaboratable):
    """A gate between a master that asks for anything and a memory that answers at any time."""

    def __init__(self):
        self.dut = MemoryGate(bus_bits=8, max_burst=LONGEST)
        self.domain = ClockDomain("sync", reset_less=True)
        self.open = Signal()
        self.master, self.memory = AnyMaster(longest=LONGEST), AnyMemory()
        self.never_idle = False

    @property
    def inputs(self):
        return [self.domain.clk, self.open, *self.master.inputs, *self.memory.inputs]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        m.d.comb += dut.open.eq(self.open)
        self.master.drive(m, dut.master)
        counts = self.memory.drive(m, dut.memory)
        for stream in dut.memory.read_request, dut.memory.write_request, dut.memory.write_data:
            assert_held(m, stream)
        offers = dut.memory.read_request.valid | dut.memory.write_request.valid
        m.d.comb += [
            Assert(dut.unread == counts.unread),
            Assert(dut.unsent == counts.unsent), Assert(dut.owed == (counts.unsent != 0)),
            Assert(dut.unwritten == counts.unwritten),
            Assert(counts.unread <= dut.most), Assert(counts.unsent <= dut.most), Assert(counts.unwritten <= dut.most),
            Assert(~dut.idle | ~offers & ~dut.memory.write_data.valid & counts.none),
            # Both sides of the gate see the same.
            *(Assert((ours.valid & ours.ready) == (theirs.valid & theirs.ready)) for ours, theirs in (
                (getattr(dut.master, name), getattr(dut.memory, name))
                for name in ("read_request", "read_data", "write_request", "write_data"))),
        ]
        # Closed and with nothing under way it says so, two cycles later at most.
        quiet = Signal(2)
        with m.If(~self.open & ~offers & counts.none):
            m.d.sync += quiet.eq(Mux(quiet == 2, 2, quiet + 1))
        with m.Else():
            m.d.sync += quiet.eq(0)
        m.d.comb += Assert((quiet < 2) | dut.idle)
        # An open gate with nothing under way lets requests pass.
        opened = Signal()
        m.d.sync += opened.eq(self.open & counts.none)
        m.d.comb += Assert(~opened | dut.reads_pass & dut.writes_pass)
        if self.never_idle:
            m.d.comb += Assert(~dut.idle)
        self._invariants(m, counts)
        return m

    def _invariants(self, m, counts):
        dut, room = self.dut, self.dut.most - 2 * LONGEST
        m.d.comb += [
            Assert(~dut.reads_pass | (counts.unread <= room + LONGEST)),
            Assert(~dut.writes_pass | (counts.unsent <= room + LONGEST) & (counts.unwritten <= room + LONGEST)),
            Assert(~dut.idle | ~dut.reads_pass & ~dut.writes_pass),
        ]


def test_idle_means_that_nothing_is_under_way():
    design = _Gated()
    prove(design, ports=design.inputs, steps=3)


def test_a_wrong_claim_is_refuted():
    design = _Gated()
    design.never_idle = True
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=4)
