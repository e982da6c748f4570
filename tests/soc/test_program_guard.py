"""Proof: a guarded program reaches no memory that is not there, and is reset only when nothing is under way."""

import pytest
from amaranth.hdl import Assert, Assume, ClockDomain, Elaboratable, Module, Mux, Signal

from soc.link.protocol import Fault
from soc.program_guard import ProgramGuard
from testing.formal import prove
from testing.formal_parts import assert_held
from testing.memory_formal import AnyMaster, AnyMemory

LONGEST, WORDS = 3, 40


class _Guarded(Elaboratable):
    """An accelerator that asks for anything, a memory that answers at any time, and somebody who ends it."""

    def __init__(self):
        self.dut = ProgramGuard(bus_bits=8, memory_bytes=WORDS, max_burst=LONGEST, most=4 * LONGEST)
        self.domain = ClockDomain("sync", reset_less=True)
        self.abort, self.start, self.ends = Signal(), Signal(), Signal()
        self.master, self.memory = AnyMaster(longest=LONGEST, empty=True), AnyMemory()
        self.never_resets = False

    @property
    def inputs(self):
        return [self.domain.clk, self.abort, self.start, self.ends, *self.master.inputs, *self.memory.inputs]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        self.master.drive(m, dut.master, reset=dut.reset)
        counts = self.memory.drive(m, dut.memory)
        busy, began = Signal(), Signal()
        m.d.comb += [
            dut.abort.eq(self.abort),
            dut.control.start.eq(self.start & ~dut.control.busy),
            began.eq(dut.accelerator.start),
            dut.accelerator.busy.eq(busy),
            dut.accelerator.done.eq(busy & self.ends & counts.none),
            # Only a running program asks for memory.
            Assume(busy | ~(dut.master.read_request.valid | dut.master.write_request.valid)),
        ]
        with m.If(dut.reset | dut.accelerator.done):
            m.d.sync += busy.eq(0)
        with m.Elif(began):
            m.d.sync += busy.eq(1)
        offers = dut.memory.read_request.valid | dut.memory.write_request.valid
        for stream in dut.memory.read_request, dut.memory.write_request, dut.memory.write_data:
            assert_held(m, stream)
        for stream in dut.memory.read_request, dut.memory.write_request:
            m.d.comb += Assert(~stream.valid | (stream.p.length != 0) & (stream.p.address + stream.p.length <= WORDS))
        m.d.comb += [
            # What the accelerator is reset in the middle of has not begun for the memory.
            Assert(~dut.reset | counts.none & ~offers & ~dut.memory.write_data.valid),
            Assert(~dut.reset | dut.control.busy & dut.control.done),
            Assert(~dut.accelerator.start | ~dut.ending),
            Assert(dut.control.busy | ~busy),
        ]
        # Once nothing is under way the end comes in three cycles.
        waits = Signal(3)
        with m.If(dut.ending & counts.none & ~offers):
            m.d.sync += waits.eq(Mux(waits == 7, 7, waits + 1))
        with m.Else():
            m.d.sync += waits.eq(0)
        m.d.comb += Assert(waits <= 4)
        # What was asked for outside, and what was told to end, is ended, and the reason is told until the next start.
        wanted, outside, reason = Signal(), Signal(), Signal(Fault)
        m.d.comb += outside.eq(dut.requests["read_request"].o.valid & dut.requests["read_request"].o.p.outside
                               | dut.requests["write_request"].o.valid & dut.requests["write_request"].o.p.outside)
        m.d.sync += wanted.eq(self.abort & busy | outside)
        m.d.comb += Assert(~wanted | dut.ending | (dut.fault != Fault.NONE))
        with m.If(~dut.ending & outside):
            m.d.sync += reason.eq(Fault.OUTSIDE)
        with m.Elif(~dut.ending & self.abort & busy):
            m.d.sync += reason.eq(Fault.ABORTED)
        with m.Elif(began):
            m.d.sync += reason.eq(Fault.NONE)
        m.d.comb += Assert(dut.fault == reason)
        if self.never_resets:
            m.d.comb += Assert(~dut.reset)
        self._invariants(m, counts, busy)
        return m

    def _invariants(self, m, counts, busy):
        dut, gate = self.dut, self.dut.gate
        room = gate.most - 2 * LONGEST
        m.d.comb += [
            Assert(gate.unread == counts.unread),
            Assert(gate.unsent == counts.unsent), Assert(gate.owed == (counts.unsent != 0)),
            Assert(gate.unwritten == counts.unwritten),
            Assert(counts.unread <= gate.most), Assert(counts.unsent <= gate.most),
            Assert(counts.unwritten <= gate.most),
            Assert(~gate.reads_pass | (counts.unread <= room + LONGEST)),
            Assert(~gate.writes_pass | (counts.unsent <= room + LONGEST) & (counts.unwritten <= room + LONGEST)),
            Assert(~gate.idle | ~gate.reads_pass & ~gate.writes_pass & counts.none),
            Assert(~dut.reset | dut.ending & gate.idle),
            Assert(dut.fault <= Fault.OUTSIDE), Assert(~dut.ending | (dut.fault != Fault.NONE)),
        ]
        for requests in dut.requests.values():
            m.d.comb += Assert(requests.ready | requests.o.valid)
            for checked, there in ((requests.o.p, requests.o.valid), (requests.skid, ~requests.ready)):
                burst = checked.burst
                m.d.comb += [
                    Assert(~there | (burst.length <= LONGEST)),
                    Assert(~there | (checked.outside == ((burst.length == 0)
                                                         | (burst.address + burst.length > WORDS)))),
                ]


def test_it_keeps_programs_within_the_memory():
    design = _Guarded()
    prove(design, ports=design.inputs, steps=7)


def test_a_wrong_claim_is_refuted():
    design = _Guarded()
    design.never_resets = True
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=6)
