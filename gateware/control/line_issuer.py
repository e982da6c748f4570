"""The lines of a stream, one by one."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.control.layouts import LineBlock, STORE_COUNT_BITS
from gateware.dma.layouts import Line

__all__ = ["LineIssuer"]

_PIECES = 4
"""Room for pieces of a line; there are three at most."""


class LineIssuer(wiring.Component):
    """Sends the lines of each block, one per cycle, two cycles after it has come.

    Where lines have several pieces, their blocks come one after another, and the pieces of a line go one per cycle. A
    block with ``wait`` is held until all stores before it have retired and reached DRAM. Later stores cannot confuse
    the count: their instructions come after the one that waits for this block.

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
        piece_layout = data.StructLayout({name: LineBlock[name].shape for name in ("address", "beats")})
        m.submodules.pieces = pieces = memory.Memory(shape=piece_layout, depth=_PIECES, init=[])
        write, read = pieces.write_port(), pieces.read_port(domain="comb")
        block = Signal(LineBlock, reset_less=True)   # its lines are those of which not all pieces have been offered
        count = Signal(range(_PIECES))               # pieces but one
        number = Signal(range(_PIECES))              # the piece that is offered next
        travelled = Signal(32, reset_less=True)      # words from the first line to the one of that piece
        line = Signal(data.StructLayout({"address": 32, "beats": block.beats.shape(), "last": 1}), reset_less=True)
        # The first piece is made ready without a look at ``allow``, which comes late and from far away.
        active, allowed, ready = Signal(), Signal(), Signal()
        allow, offers, ends_line = Signal(), Signal(), Signal()
        m.d.comb += [
            write.addr.eq(count),
            write.data.address.eq(self.blocks.p.address),
            write.data.beats.eq(self.blocks.p.beats),
            write.en.eq(self.blocks.valid & ~active),
            read.addr.eq(number),
            self.blocks.ready.eq(~active),
            self.waiting.eq(active & ~allowed & block.wait),
            self.lines.valid.eq(active & allowed),
            self.lines.p.address.eq(line.address),
            self.lines.p.beats.eq(line.beats),
            self.lines.p.last.eq(line.last),
            self.lines.p.index.eq(block.index),
            allow.eq(~block.wait | (self.stores_retired == block.stores) & self.writes_idle),
            offers.eq(active & Mux(allowed, self.lines.ready & ~line.last, ~ready)),
            ends_line.eq(number == count),
        ]
        with m.If(~active):
            m.d.sync += [block.eq(self.blocks.p), active.eq(self.blocks.valid & ~self.blocks.p.more), allowed.eq(0)]
            m.d.sync += [travelled.eq(0), count.eq(count + (self.blocks.valid & self.blocks.p.more)), ready.eq(0)]
        with m.Elif(~allowed):
            m.d.sync += [allowed.eq(allow), ready.eq(1)]
        with m.Elif(self.lines.ready & line.last):
            m.d.sync += [active.eq(0), count.eq(0)]
        with m.If(offers):
            m.d.sync += [
                line.address.eq(read.data.address + travelled),
                line.beats.eq(read.data.beats),
                line.last.eq(ends_line & (block.lines == 1)),
                number.eq(Mux(ends_line, 0, number + 1)),
            ]
            with m.If(ends_line):
                m.d.sync += [travelled.eq(travelled + block.stride), block.lines.eq(block.lines - 1)]
        return m
