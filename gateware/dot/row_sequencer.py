"""Splits the beats of a matrix into scales and codes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CodeChunk, ScaleBeat, WORD_BITS, sides
from gateware.isa import CodeKind, Scale
from gateware.layouts import DotCommand

__all__ = ["RowSequencer"]

_PLANES = 16
_FIFTH = 4         # number of the vector that the other four of a group of trits carry with them
_GROUP_WORDS = 8   # of trits
_PAIRED_BITS = 4   # of a code, two of which share a byte


class _Phase(enum.Enum, shape=3):
    IDLE = 0
    SCALES = 1
    SUBS = 2
    CODES = 3
    SKIP = 4


class RowSequencer(wiring.Component):
    """Walks through the rows of a command and splits their beats into scales, sub-scales and codes.

    A chunk is what is left of a beat: it completes at most one vector and may begin the next one, so a beat of codes
    takes as many cycles as vectors end in it, at least one; so does one of sub-scales, which take the same way. A beat
    of scales takes one cycle. Rows follow each other without a gap; a command follows two cycles after the last step
    of the one before. ``beats.ready`` is combinational, ``command.ready`` depends on registers only.

    With 64 lanes two vectors are completed together: the words of the second one follow those of the first. A single
    one ends a row of an odd number of vectors.

    Trits come in groups of five vectors: each of four vectors takes two words, the fifth none. The padding of a
    group that the row does not fill is skipped, one beat per cycle.

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
    last_scale_byte : Out(11)
        Bytes of the scales of a row, less one.
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
            "last_scale_byte": Out(11),
        })

    def elaborate(self, platform):
        m = Module()
        config, count = self._config, sides(self._config)
        words = config.bus_bits // WORD_BITS
        byte_bits = (words * WORD_BITS // 8 - 1).bit_length()
        command, active, chunk = self.command.p, self.active, self.chunks.p
        has_subs = command.sub_bits.any() if "sub_scales" in config.decoders else Const(0)

        phase = Signal(_Phase)
        rows_ahead = Signal(2)  # rows that have begun here and whose last step is not issued
        row_open = Signal()     # the current row is one of them
        may_proceed = Signal()
        first_phase = Signal(_Phase)
        code_phase = Signal(_Phase)  # what follows the scales
        code_words = Signal.like(active.code_bits)  # of a vector
        last_row = Signal(20)
        last_vector, last_sub = Signal(9), Signal(9)
        next_last_vector = (command.vectors - 1)[:9]
        last_scale = Mux(command.super, next_last_vector >> 3, next_last_vector)
        after_scales = Mux(has_subs, _Phase.SUBS, _Phase.CODES)
        begin_phase = Mux(command.scale != Scale.NONE, _Phase.SCALES, after_scales)
        m.d.comb += [
            self.command.ready.eq((phase == _Phase.IDLE) & (rows_ahead == 0)),
            self.start.eq(self.command.valid & self.command.ready),
            may_proceed.eq(row_open | ~rows_ahead[1]),
        ]
        with m.If(self.start):
            m.d.sync += [
                active.eq(command),
                last_vector.eq(next_last_vector),
                # 8 sub-scales for 8 vectors, twice that for halves of vectors, and twice that with minimums.
                last_sub.eq(Mux(command.sub_wide,
                                Mux(command.minimum, next_last_vector >> 4, next_last_vector >> 5),
                                Mux(command.minimum, next_last_vector >> 3, next_last_vector >> 4))),
                last_row.eq(Mux(command.expand, 0, command.rows - 1)),
                self.last_scale_byte.eq(
                    Mux(command.scale != Scale.FP16, last_scale,
                        Mux(command.minimum, Cat(Const(3, 2), last_scale), Cat(Const(1, 1), last_scale)))),
                first_phase.eq(begin_phase),
                code_phase.eq(after_scales),
                code_words.eq(Mux(command.paired, 2 * _PAIRED_BITS, command.code_bits)),
                phase.eq(begin_phase),
            ]

        # Positions: of the beat among the scales, of the word in the beat, of the plane in the vector (those of
        # a second one follow), and so on.
        scale_beat = Signal(11 - byte_bits)
        word = Signal(range(words))
        plane = Signal(range(count * _PLANES))
        fresh = Signal(init=1)  # no plane of the vector is there
        vector = Signal.like(last_vector)  # or two vectors
        row = Signal.like(last_row)

        # The vectors of this phase.
        subs = phase == _Phase.SUBS
        width = Mux(subs, active.sub_bits, code_words)
        here = Signal(range(count * _PLANES + 1))
        in_vector = Signal(range(count * _PLANES + 1))
        in_beat = Signal(range(words + 1))
        rest = Signal(range(words + 1))
        stop = Signal(range(count * _PLANES + 1))
        last, row_ends, beat_ends, fire, begin_row, wordless = (Signal() for _ in range(6))
        trits = Signal()
        most = Mux(subs, last_sub, last_vector)
        m.d.comb += [
            trits.eq((phase == _Phase.CODES) & (active.code_kind == CodeKind.TRITS)),
            last.eq(vector == most >> count - 1),
        ]
        # The fifth vector of trits lacks its words.
        skipped = Mux(trits & (chunk.run == _FIFTH), width, 0) if "trits" in config.decoders else 0
        second_words, next_words = 0, width
        if count == 2:
            second_words, next_words = self._measure_two(m, vector, most, last, width, trits)
        m.d.comb += [
            chunk.sub.eq(subs),
            chunk.open_top.eq(Mux(subs, ~active.sub_signed, active.code_kind == CodeKind.UNSIGNED)),
            chunk.start.eq(_PLANES - width - chunk.open_top),
            here.eq(Mux(fresh, chunk.start + skipped, plane)),
            stop.eq(_PLANES - chunk.open_top + second_words),
            in_vector.eq(stop - here),
            in_beat.eq(words - word),
            chunk.completes.eq(in_vector <= in_beat),
            rest.eq(in_beat - in_vector),
            chunk.words.eq(self.beats.payload),
            chunk.row_last.eq(last & ~subs),
            chunk.command_last.eq(row == last_row),
            self.chunks.valid.eq((subs | (phase == _Phase.CODES)) & (self.beats.valid | wordless) & may_proceed),
            fire.eq(self.chunks.valid & self.chunks.ready),
            row_ends.eq(chunk.completes & chunk.row_last),
            # What follows the last vector is padding.
            beat_ends.eq(~wordless & (~chunk.completes | last | (rest < next_words))),
            self.scales.p.data.eq(self.beats.payload),
            self.scales.p.last.eq(scale_beat == self.last_scale_byte >> byte_bits),
            self.scales.valid.eq((phase == _Phase.SCALES) & self.beats.valid & may_proceed),
            self.beats.ready.eq(self.scales.valid | fire & beat_ends | (phase == _Phase.SKIP)),
            begin_row.eq((self.scales.valid | fire) & ~row_open),
        ]
        for index, part in enumerate(chunk.parts):
            # The second vector has its planes behind those of the first.
            shift = width if index else 0
            m.d.comb += [
                part.plane.eq(Mux(here < shift, 0, here - shift)),
                part.rotation.eq(here - word - shift),
                part.head_rotation.eq(here - word - width - second_words - shift),
            ]
        with m.If(self.scales.valid):
            m.d.sync += [row_open.eq(1), scale_beat.eq(scale_beat + 1)]
            with m.If(self.scales.p.last):
                m.d.sync += [scale_beat.eq(0), phase.eq(code_phase)]
        next_phase = Mux(chunk.command_last, _Phase.IDLE, first_phase)
        with m.If(fire):
            m.d.sync += [
                row_open.eq(1),
                word.eq(Mux(beat_ends, 0, word + in_vector)),
                plane.eq(Mux(chunk.completes, chunk.start + rest, here + in_beat)),
                fresh.eq(chunk.completes & (last | (rest == 0) | ~beat_ends)),
            ]
            with m.If(chunk.completes):
                m.d.sync += vector.eq(Mux(last, 0, vector + 1))
                with m.If(last & subs):
                    m.d.sync += phase.eq(_Phase.CODES)
            with m.If(row_ends):
                m.d.sync += [
                    row_open.eq(0), row.eq(Mux(chunk.command_last, 0, row + 1)), phase.eq(next_phase)]
        if "trits" in config.decoders:
            self._group_trits(m, trits, last, phase, next_phase, wordless, fire, beat_ends, row_ends)
        m.d.sync += rows_ahead.eq(rows_ahead + begin_row - self.row_done)
        return m

    def _measure_two(self, m, vector, most, last, width, trits):
        """Words of the second vector, and words of the next two."""
        chunk, second = self.chunks.p, self.chunks.p.second
        next_second = (vector + 1 != most >> 1) | most[0]
        m.d.comb += second.eq(~last | most[0])
        # The fifth vector of trits brings none.
        fifth, fifth_next = (trits & (chunk.run == _FIFTH - distance) for distance in (1, 3))
        return Mux(second & ~fifth, width, 0), Mux(next_second & ~fifth_next, width << 1, width)

    def _group_trits(self, m, trits, last, phase, next_phase, wordless, fire, beat_ends, row_ends):
        """Number the vectors of a group of trits, and skip what the row leaves of it."""
        group_beats = _GROUP_WORDS * WORD_BITS // self._config.bus_bits
        chunk = self.chunks.p
        count = sides(self._config)
        beat = Signal(range(max(group_beats, 2)))
        last_beat = beat == group_beats - 1
        after_skip = Signal(_Phase)
        run = Signal.like(chunk.run)
        m.d.comb += [
            # The fifth vector waits for what follows it in the row, if anything does, and passes together with that.
            wordless.eq(trits & (run == _FIFTH) & last & ~chunk.second),
            chunk.run.eq(run),
        ]
        following = Mux(run + count > _FIFTH, run + count - _FIFTH - 1, run + count)
        with m.If(fire & trits):
            with m.If(chunk.completes):
                m.d.sync += run.eq(Mux(row_ends, 0, following))
            with m.If(beat_ends):
                m.d.sync += beat.eq(Mux(last_beat, 0, beat + 1))
                with m.If(row_ends & ~last_beat):
                    m.d.sync += [phase.eq(_Phase.SKIP), after_skip.eq(next_phase)]
        with m.If((phase == _Phase.SKIP) & self.beats.valid):
            m.d.sync += beat.eq(beat + 1)
            with m.If(last_beat):
                m.d.sync += [beat.eq(0), phase.eq(after_skip)]
