"""Proofs: skid buffer and FIFOs lose, duplicate and reorder nothing.

What goes in is numbered; what comes out must bear the numbers in order. The numbers have more values than
anything here holds payloads. For the induction each proof also says where every number inside lies.
"""

import pytest
from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Signal

from gateware.stream.block_fifo import BlockFifo
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer
from testing.formal import prove
from testing.formal_parts import assert_block_fifo, assert_ring

_BITS = 5


class _Numbered(Elaboratable):
    """A device under test between a source that counts and a sink that checks."""

    def __init__(self, dut, capacity):
        self.dut, self.capacity = dut, capacity
        self.domain = ClockDomain("sync", reset_less=True)
        self.valid, self.ready = Signal(), Signal()
        self.sent, self.received = Signal(_BITS), Signal(_BITS)
        self.inside = Signal(_BITS)

    def holds(self, number, offset):
        """What is true of the number ``offset`` places behind the first one inside."""
        return number == (self.received + offset)[:_BITS]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        withheld = Signal()
        m.d.comb += [
            dut.i.valid.eq(self.valid),
            dut.i.payload.eq(self.sent),
            dut.o.ready.eq(self.ready),
            self.inside.eq(self.sent - self.received),
        ]
        m.d.sync += [
            self.sent.eq(self.sent + (dut.i.valid & dut.i.ready)),
            self.received.eq(self.received + (dut.o.valid & dut.o.ready)),
            withheld.eq(dut.o.valid & ~dut.o.ready),
        ]
        m.d.comb += [
            Assert(self.inside <= self.capacity),
            Assert(~dut.o.valid | (dut.o.payload == self.received)),
            Assert(~withheld | dut.o.valid),
        ]
        self.invariants(m)
        return m


class _SkidBuffer(_Numbered):
    def __init__(self):
        super().__init__(SkidBuffer(shape=_BITS), 2)

    def invariants(self, m):
        dut = self.dut
        m.d.comb += [
            Assert(self.inside == dut.o.valid + ~dut.ready),
            Assert(dut.ready | dut.o.valid),
            Assert(dut.ready | (dut.skid == (self.received + 1)[:_BITS])),
        ]


class _LutFifo(_Numbered):
    def __init__(self, depth):
        super().__init__(LutFifo(shape=_BITS, depth=depth), depth)

    def invariants(self, m):
        m.d.comb += Assert(self.dut.level == self.inside)
        assert_ring(m, self.dut, self.holds)


class _BlockFifo(_Numbered):
    def __init__(self, depth):
        super().__init__(BlockFifo(shape=_BITS, depth=depth), depth + BlockFifo.OUTPUT_DEPTH)

    def invariants(self, m):
        m.d.comb += Assert(self.dut.level == self.inside)
        assert_block_fifo(m, self.dut, self.holds)


@pytest.mark.parametrize("make,steps", [
    (_SkidBuffer, 2),
    (lambda: _LutFifo(2), 2), (lambda: _LutFifo(3), 2), (lambda: _LutFifo(8), 2),
    (lambda: _BlockFifo(2), 4), (lambda: _BlockFifo(3), 4),
], ids=["skid", "lut-2", "lut-3", "lut-8", "block-2", "block-3"])
def test_nothing_is_lost_duplicated_or_reordered(make, steps):
    design = make()
    prove(design, ports=[design.domain.clk, design.valid, design.ready], steps=steps)


def test_a_wrong_claim_is_refuted():
    """A FIFO of four holds more than three."""
    design = _LutFifo(4)
    design.capacity = 3
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=[design.domain.clk, design.valid, design.ready], steps=6)
