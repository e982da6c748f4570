"""The lines of a stream, one by one."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.control.layouts import LineBlock, STORE_COUNT_BITS
from gateware.dma.layouts import Line

__all__ = ["LineIssuer"]


class LineIssuer(wiring.Component):
    """Sends the lines of each block, one per cycle, two cycles after it has come.

    A block with ``wait`` is held until all stores before it have retired and reached DRAM. Later stores
    cannot confuse the count: their instructions come after the one that waits for this block.

    Members
    -------
    blocks : In(stream of LineBlock)
    lines : Out(stream of Line)
    stores_retired : In
        Storing instructions that have retired, modulo 2**STORE_COUNT_BITS.
    writes_idle : In(1)
        Every element that was handed to the write engine has reached DRAM.
    waiting : Out(1)
        A block is held.
    """

    blocks: In(stream.Signature(LineBlock))
    lines: Out(stream.Signature(Line))
    stores_retired: In(STORE_COUNT_BITS)
    writes_idle: In(1)
    waiting: Out(1)

    def elaborate(self, platform):
        m = Module()
        block = Signal(LineBlock, reset_less=True)
        active, allowed = Signal(), Signal()
        final = Signal()
        m.d.comb += [
            final.eq(block.lines == 1),
            self.blocks.ready.eq(~active),
            self.waiting.eq(active & ~allowed & block.wait),
            self.lines.valid.eq(active & allowed),
            self.lines.p.address.eq(block.address),
            self.lines.p.beats.eq(block.beats),
            self.lines.p.last.eq(final),
            self.lines.p.index.eq(block.index),
        ]
        with m.If(~active):
            m.d.sync += [block.eq(self.blocks.p), active.eq(self.blocks.valid), allowed.eq(0)]
        with m.Elif(~allowed):
            m.d.sync += allowed.eq(~block.wait | (self.stores_retired == block.stores) & self.writes_idle)
        with m.Elif(self.lines.ready):
            m.d.sync += [
                block.address.eq(block.address + block.stride),
                block.lines.eq(block.lines - 1),
                active.eq(~final),
            ]
        return m
