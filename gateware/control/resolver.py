"""Puts the registers of a token into an instruction."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.control.indexed_address import IndexedAddress
from gateware.control.layouts import LineBlock, STORE_COUNT_BITS, Work
from gateware.control.window_resolver import WindowResolver
from gateware.dot.layouts import WORD_BITS
from gateware.isa import Index, STORING, Sink, VECTOR_CODES
from gateware.layouts import InstructionLayout

__all__ = ["Resolver"]


class Resolver(wiring.Component):
    """Turns an instruction into its stream and its work, with the addresses and lengths of this token.

    What these are is :func:`gateware.extent.extent`. Takes five cycles per instruction if both parts are taken at once,
    and those that :class:`IndexedAddress` takes beyond the first. Of an instruction with a stream both parts are
    offered at once, and either may be taken first. With a window or sinks it takes 17 cycles more. With a window each
    piece of a line is a block: the first one takes 4 cycles more, others 8 and those of the addresses; the work is
    offered with the last one.

    Parameters
    ----------
    bus_bits : int
        Width of a bus word.

    Members
    -------
    start : In(1)
        Instructions are counted from 0 again.
    member : Out(5)
        Which token of the group the instruction is about; its position is ``position + member``.
    token : In(32)
        Id of that token, in the same cycle.
    position : In(16)
        Position of the first token. Must not change between ``start`` and the last instruction.
    instruction : In(stream of InstructionLayout)
    block : Out(stream of LineBlock)
        Of instructions that have a stream.
    work : Out(stream of Work)
        Of every instruction.
    blocked : Out(1)
        The work of an instruction is not taken.
    """

    start: In(1)
    member: Out(5)
    token: In(32)
    position: In(16)
    instruction: In(stream.Signature(InstructionLayout))
    block: Out(stream.Signature(LineBlock))
    work: Out(stream.Signature(Work))
    blocked: Out(1)

    def __init__(self, *, bus_bits):
        self._word_bits = (bus_bits // WORD_BITS - 1).bit_length()
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.read = read = IndexedAddress()
        m.submodules.store = store = IndexedAddress()
        m.submodules.window = window = WindowResolver()
        word = self.instruction.p
        stores, index = Signal(STORE_COUNT_BITS), Signal(16)
        storing, streams, slow, ring = Signal(), Signal(), Signal(), Signal()
        here = Signal(16)                          # position of the instruction's token
        position = Signal(16, reset_less=True)     # the last one that things grow to
        positions = Signal(17, reset_less=True)    # their number
        vectors = Signal(12, reset_less=True)      # ceil(positions / VECTOR_CODES)
        reach = Signal(16, reset_less=True)        # the last position of a line, or of a piece, or where that begins
        last_group = Signal(16, reset_less=True)   # reach / 2**stream_grow_shift
        groups = Signal(17, reset_less=True)       # last_group + 1
        read_index = Signal(32, reset_less=True)   # the token or its position, a cycle later; where a piece begins
        stored = Signal(16, reset_less=True)       # place of the position in DRAM
        pieces = Signal()                          # lines have pieces: `ring`, a cycle later
        destination = Signal.like(word.destination, reset_less=True)
        hidden = Signal.like(window.first, reset_less=True)
        beats = Signal(24, reset_less=True)
        row, offset, last_word = Signal(), Signal(3), (1 << self._word_bits) - 1
        m.d.comb += [
            storing.eq(word.sink.matches(*STORING)),
            streams.eq(word.stream_lines_grow | (word.stream_lines != 0)),
            slow.eq(window.applies),
            ring.eq(window.rings & streams),
            # A row of a packed matrix may begin anywhere in a bus word.
            row.eq(word.packed & (word.stream_index != Index.NONE)),
            read.base.eq(Mux(row, word.stream_base << self._word_bits, word.stream_base)),
            offset.eq(Mux(row, read.address & last_word, 0)),
            read.stride.eq(word.stream_index_stride),
            # What stores nothing has no use for the second multiplier, and with a window no base for it.
            store.base.eq(word.store_base),
            store.stride.eq(Mux(storing, word.store_index_stride, Mux(pieces, word.stream_index_stride, 0))),
            read.index.eq(read_index),
            store.index.eq(Mux(pieces, groups, stored)),
            self.member.eq(word.member),
            here.eq(self.position + word.member),
            window.instruction.eq(word),
            window.position.eq(self.position),
            window.here.eq(here),
            window.storing.eq(storing),
        ]
        # ceil((p + 1) / 2**n) is (p >> n) + 1.
        furthest = Mux(slow, window.last, here)
        m.d.sync += [
            position.eq(furthest),
            positions.eq(Mux(window.rings & word.rows_grow, window.last_row, position) + 1),
            vectors.eq((position >> VECTOR_CODES.bit_length() - 1) + 1),
            reach.eq(Mux(ring, window.bound, furthest)),
            last_group.eq(reach >> word.stream_grow_shift),
            groups.eq(last_group + 1),
            pieces.eq(ring),
            stored.eq(Mux(window.rings, window.place, here)),
            destination.eq(word.destination + window.skip),
            hidden.eq(Mux(window.rings & word.length_grow, window.first, 0)),
            beats.eq(Mux(word.stream_line_grow, groups << word.stream_grow_scale,
                         Mux(row, (offset + word.stream_line_beats + last_word) >> self._word_bits,
                             word.stream_line_beats))),
        ]

        block, work = self.block.p, self.work.p
        m.d.comb += [
            block.address.eq(Mux(row, read.address >> self._word_bits, read.address)),
            block.lines.eq(Mux(word.stream_lines_grow, positions, word.stream_lines)),
            block.beats.eq(Mux(ring, store.address, beats)),
            block.stride.eq(word.stream_line_stride),
            block.wait.eq(word.wait),
            block.stores.eq(stores),
            block.index.eq(index),
            work.opcode.eq(word.opcode),
            work.overlap.eq(word.overlap),
            work.streams.eq(streams),
            work.score.eq(word.rows_grow),
            work.mix.eq(word.vectors_grow),
            self.blocked.eq(self.work.valid & ~self.work.ready),
            work.destination_stride.eq(word.destination_stride),
            work.store.base.eq(store.address),
            work.store.stride.eq(word.store_stride),
            work.store.code_bits.eq(word.code_bits),
            work.store.elements.eq(word.sink == Sink.MEMORY),
            work.store.scale_address.eq(word.scale_base + Mux(storing, stored << 2, 0)),
        ]
        for part in (work.dot, work.vector):
            for name, _ in part.shape():
                if name in word.shape().members:
                    m.d.comb += part[name].eq(word[name])
        m.d.comb += [
            work.dot.offset.eq(offset),
            work.dot.vectors.eq(Mux(word.vectors_grow, vectors, word.vectors)),
            work.dot.rows.eq(Mux(word.rows_grow, positions, word.rows)),
            work.vector.length.eq(Mux(word.length_grow, positions, word.length)),
            work.vector.destination.eq(destination),
            work.vector.hidden.eq(hidden),
        ]
        self._control(m, read, store, window, ring, read_index, last_group, here, streams, storing, stores, index)
        return m

    def _control(self, m, read, store, window, ring, read_index, last_group, here, streams, storing, stores, index):
        """One instruction after another; with a ring, one piece of its lines after another."""
        word = self.instruction.p
        block_left, work_left = Signal(), Signal()
        with m.FSM() as control:
            with m.State("START"):
                m.d.sync += [block_left.eq(streams), work_left.eq(1)]
                with m.If(self.instruction.valid):
                    m.next = "PLACE"
                    with m.If(window.applies):
                        m.d.comb += window.start.eq(1)
                        m.next = "WINDOW"
            with m.State("WINDOW"):
                with m.If(window.done):
                    m.next = "PLACE"
                    with m.If(ring):
                        m.next = "BEGIN"
            # Of a piece: the first position, then the last one; a shift and a sum behind each.
            with m.State("BEGIN"):
                m.d.comb += window.begins.eq(1)
                m.next = "REACH"
            with m.State("REACH"):
                m.next = "GROUP"
            with m.State("GROUP"):
                m.next = "COUNT"
            with m.State("COUNT"):
                m.next = "PLACE"
            with m.State("PLACE"):
                m.d.comb += [read.start.eq(1), store.start.eq(1)]
                m.next = "RESOLVE"
            # Two cycles at least: then ``beats`` is there as well.
            with m.State("RESOLVE"):
                with m.If(read.ready & store.ready):
                    m.next = "SEND"
                    with m.If(ring & window.more):
                        m.d.comb += window.next.eq(1)
                        m.next = "PIECE"
            with m.State("PIECE"):
                m.d.comb += [self.block.valid.eq(1), self.block.p.more.eq(1)]
                with m.If(self.block.ready):
                    m.next = "BEGIN"
            with m.State("SEND"):
                m.d.comb += [self.block.valid.eq(block_left), self.work.valid.eq(work_left)]
                with m.If(self.block.ready):
                    m.d.sync += block_left.eq(0)
                with m.If(self.work.ready):
                    m.d.sync += work_left.eq(0)
                with m.If((~block_left | self.block.ready) & (~work_left | self.work.ready)):
                    m.d.comb += self.instruction.ready.eq(1)
                    m.d.sync += [index.eq(index + 1), stores.eq(stores + storing)]
                    m.next = "START"
        with m.If(self.start):
            m.d.sync += index.eq(0)
        with m.If(ring):
            with m.If(control.ongoing("GROUP")):
                m.d.sync += read_index.eq(last_group)
        with m.Else():
            with m.Switch(word.stream_index):
                with m.Case(Index.TOKEN):
                    m.d.sync += read_index.eq(self.token)
                with m.Case(Index.POSITION):
                    m.d.sync += read_index.eq(here)
                with m.Default():
                    m.d.sync += read_index.eq(0)
