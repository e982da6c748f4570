"""Splits the beats of a matrix into scales and codes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CodeChunk, ScaleBeat, WORD_BITS
from gateware.isa import Scale
from gateware.layouts import DotCommand

__all__ = ["RowSequencer"]

_PLANES = 16


class _Phase(enum.Enum, shape=2):
    IDLE = 0
    SCALES = 1
    CODES = 2


class RowSequencer(wiring.Component):
    """Walks through the rows of a command and splits their beats into scales and chunks of codes.

    A chunk is the largest power of two of words that divides both a bus word and a vector, so that none spans two
    vectors. A beat of scales takes one cycle, a beat of codes one per chunk: where words of 32 * ``code_bits`` are at
    least as wide as the bus and ``code_bits`` is 2, 4, 8 or 16, just one. Rows follow each other without a gap; a command follows two cycles after the last step of the
    one before. ``beats.ready`` is combinational, ``command.ready`` depends on registers only.

    The first beat of a row waits until at most one row before it has steps left: there are two banks of scales.

    Parameters
    ----------
    config : Config

    Members
    -------
    command : In(stream)
    beats : In(stream)
    scales : Out(stream)
        Always ready.
    chunks : Out(stream)
    row_done : In(1)
        The last step of a row is being issued.
    start : Out(1)
        A command is being taken.
    active : Out
        The command in effect, from the cycle after ``start`` until that of the next one.
    last_vector : Out(9)
        Vectors of a row, less one.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "command": In(stream.Signature(DotCommand)),
            "beats": In(stream.Signature(config.bus_bits)),
            "scales": Out(stream.Signature(ScaleBeat(config), always_ready=True)),
            "chunks": Out(stream.Signature(CodeChunk(config))),
            "row_done": In(1),
            "start": Out(1),
            "active": Out(DotCommand),
            "last_vector": Out(9),
        })

    def elaborate(self, platform):
        m = Module()
        words = self._config.bus_bits // WORD_BITS
        byte_bits = (words * WORD_BITS // 8 - 1).bit_length()
        command, active, chunk = self.command.p, self.active, self.chunks.p

        phase = Signal(_Phase)
        rows_ahead = Signal(2)  # rows that have begun here and whose last step is not issued
        row_open = Signal()     # the current row is one of them
        may_proceed = Signal()
        has_scales = Signal()
        first_phase = Signal(_Phase)
        last_row = Signal(20)
        last_scale_beat = Signal.like(self.last_vector)
        m.d.comb += [
            self.command.ready.eq((phase == _Phase.IDLE) & (rows_ahead == 0)),
            self.start.eq(self.command.valid & self.command.ready),
            may_proceed.eq(row_open | ~rows_ahead[1]),
            has_scales.eq(command.scale != Scale.NONE),
        ]
        with m.If(self.start):
            last_vector = command.vectors - 1
            m.d.sync += [
                active.eq(command),
                self.last_vector.eq(last_vector),
                last_row.eq(Mux(command.expand, 0, command.rows - 1)),
                last_scale_beat.eq(Mux(command.scale == Scale.FP16, last_vector >> byte_bits - 1,
                                       last_vector >> byte_bits)),
                first_phase.eq(Mux(has_scales, _Phase.SCALES, _Phase.CODES)),
                phase.eq(Mux(has_scales, _Phase.SCALES, _Phase.CODES)),
            ]

        # Positions: of the beat among the scales, of the word in the beat, of the plane in the vector, and so on.
        scale_beat = Signal.like(last_scale_beat)
        word = Signal(range(words))
        plane = Signal(range(_PLANES))
        vector = Signal.like(self.last_vector)
        row = Signal.like(last_row)

        # A chunk of a power of two words does not span two vectors if it divides them.
        for bit in range(len(chunk.mask)):
            m.d.comb += chunk.mask[bit].eq(~active.code_bits[:bit + 1].any())
        for index, place in enumerate(chunk.words):
            source = word | chunk.mask & index
            m.d.comb += place.eq(self.beats.payload.word_select(source[:len(chunk.mask)], WORD_BITS))

        size = chunk.mask + 1
        next_word, next_plane = word + size, plane + size
        row_ends, beat_ends, fire, begin_row = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            chunk.plane.eq(plane),
            chunk.vector_last.eq(next_plane[4]),
            chunk.row_last.eq(vector == self.last_vector),
            chunk.command_last.eq(row == last_row),
            self.chunks.valid.eq((phase == _Phase.CODES) & self.beats.valid & may_proceed),
            fire.eq(self.chunks.valid & self.chunks.ready),
            row_ends.eq(chunk.vector_last & chunk.row_last),
            # What follows the last vector of a row is padding.
            beat_ends.eq(row_ends | (next_word == words)),
            self.scales.p.data.eq(self.beats.payload),
            self.scales.p.last.eq(scale_beat == last_scale_beat),
            self.scales.valid.eq((phase == _Phase.SCALES) & self.beats.valid & may_proceed),
            self.beats.ready.eq(self.scales.valid | fire & beat_ends),
            begin_row.eq((self.scales.valid | fire) & ~row_open),
        ]
        first_plane = (_PLANES - active.code_bits)[:4]
        with m.If(self.scales.valid):
            m.d.sync += [row_open.eq(1), scale_beat.eq(scale_beat + 1)]
            with m.If(self.scales.p.last):
                m.d.sync += [scale_beat.eq(0), phase.eq(_Phase.CODES)]
        with m.If(fire):
            m.d.sync += [
                row_open.eq(1),
                word.eq(Mux(beat_ends, 0, next_word)),
                plane.eq(Mux(chunk.vector_last, first_plane, next_plane)),
            ]
            with m.If(chunk.vector_last):
                m.d.sync += vector.eq(vector + 1)
            with m.If(row_ends):
                m.d.sync += [row_open.eq(0), vector.eq(0), row.eq(row + 1), phase.eq(first_phase)]
                with m.If(chunk.command_last):
                    m.d.sync += [row.eq(0), phase.eq(_Phase.IDLE)]
        with m.If(self.start):
            m.d.sync += plane.eq(_PLANES - command.code_bits)
        m.d.sync += rows_ahead.eq(rows_ahead + begin_row - self.row_done)
        return m
