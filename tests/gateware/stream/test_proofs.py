"""Proofs: skid buffer and FIFOs lose, duplicate and reorder nothing.

What goes in is numbered; what comes out must bear the numbers in order. The numbers have more values than
anything here holds payloads. For the induction each proof also says where every number inside lies.
"""

import pytest
from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Mux, Signal

from gateware.block_ram import BlockRam
from gateware.stream.block_fifo import BlockFifo
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer
from testing.formal import prove

_BITS = 5


class _Numbered(Elaboratable):
    """A device under test between a source that counts and a sink that checks."""

    def __init__(self, dut, capacity):
        self.dut, self.capacity = dut, capacity
        self.domain = ClockDomain("sync", reset_less=True)
        self.valid, self.ready = Signal(), Signal()
        self.sent, self.received = Signal(_BITS), Signal(_BITS)
        self.inside = Signal(_BITS)

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


def _ring(m, memory, head, tail, level, first):
    """Numbers from ``first`` on lie in the words of ``memory`` from ``head`` to ``tail``."""
    end = Signal(8)
    m.d.comb += [
        end.eq(head + level),
        Assert(head < memory.depth),
        Assert(tail == Mux(end >= memory.depth, end - memory.depth, end)),
    ]
    for slot in range(memory.depth):
        word = memory.read_port(domain="comb")
        offset = Signal(8)
        m.d.comb += [
            word.addr.eq(slot),
            offset.eq(Mux(slot >= head, slot - head, slot + memory.depth - head)),
            Assert((offset >= level) | (word.data == (first + offset)[:_BITS])),
        ]


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
        dut = self.dut
        m.d.comb += [
            Assert(dut.level == self.inside),
            Assert(dut.i.ready == (dut.level != self.capacity)),
            Assert(dut.o.valid == (dut.level != 0)),
        ]
        _ring(m, dut.memory, dut.head, dut.tail, dut.level, self.received)


class _OpenRam(BlockRam):
    """Block RAM that lets a proof look into its memory."""

    def __init__(self, **parameters):
        super().__init__(**parameters)
        self._module = super().elaborate(None)
        self.memory = self._module.submodules.array

    def elaborate(self, platform):
        return self._module


class _BlockFifo(_Numbered):
    def __init__(self, depth):
        dut = BlockFifo(shape=_BITS, depth=depth)
        dut.ram = _OpenRam(width=_BITS, depth=depth)
        super().__init__(dut, depth + BlockFifo.OUTPUT_DEPTH)

    def invariants(self, m):
        dut, out, depth = self.dut, self.dut.output, self.capacity - BlockFifo.OUTPUT_DEPTH
        in_flight = dut.arriving[0] + dut.arriving[1]
        m.d.comb += [
            Assert(dut.granted == out.level + in_flight),
            Assert(dut.granted <= BlockFifo.OUTPUT_DEPTH),
            Assert(dut.stored <= depth),
            Assert(dut.ready == (dut.stored != depth)),
            Assert(dut.level == dut.granted + dut.stored),
            Assert(dut.level == self.inside),
            Assert(out.i.ready == (out.level != BlockFifo.OUTPUT_DEPTH)),
            Assert(out.o.valid == (out.level != 0)),
            # What arrives is never refused, and is the next number.
            Assert(~out.i.valid | out.i.ready),
            Assert(~out.i.valid | (out.i.payload == (self.received + out.level)[:_BITS])),
        ]
        _ring(m, out.memory, out.head, out.tail, out.level, self.received)
        _ring(m, dut.ram.memory, dut.head, dut.tail, dut.stored, self.received + dut.granted)


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
