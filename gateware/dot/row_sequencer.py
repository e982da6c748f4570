"""Splits the beats of a matrix into scales and codes."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CodeChunk, ScaleBeat, WORD_BITS, shared_columns, sides
from gateware.isa import CodeKind, Scale
from gateware.layouts import DotCommand

__all__ = ["RowSequencer"]

_PLANES = 16
_FIFTH = 4         # number of the vector that the other four of a bundle of trits carry with them
_BUNDLE_WORDS = 8   # of trits
_PAIRED_BITS = 4   # of a code, two of which share a byte


_COUNT_BITS = 7     # of words, with a sign: two vectors have up to 32


class _Phase(enum.Enum, shape=3):
    IDLE = 0
    SCALES = 1
    CODES = 2
    SKIP = 3
    SUBS = 4  # the only one with this bit


def _Vectors(count):
    """One vector, or two side by side, and what the beat has for them.

    ``spare`` words of the beat more than they lack, so few with ``full`` that the beat ends with them; how many such
    vectors are ``behind`` them in the phase, none if they are ``last``; words of a vector; words of the second vector,
    and of those that follow, also less a beat; that they have no words; that there is a second vector.
    """
    return data.StructLayout({
        "spare": signed(_COUNT_BITS), "full": 1, "behind": 9, "last": 1, "width": 5,
        "second_words": range(_PLANES + 1), "next_words": range(count * _PLANES + 1),
        "next_excess": signed(_COUNT_BITS), "wordless": 1, "second": 1})


class _Plan:
    """Registers that hold what a command says.

    Phases of a row, words of a vector of codes, how many words the first vectors of codes and of sub-scales need beyond
    a beat, numbers of the last row and of the last vector.
    """

    def __init__(self, code_bits):
        self.first_phase = Signal(_Phase, name="first_phase")
        self.code_phase = Signal(_Phase, name="code_phase")  # what follows the scales
        self.code_words = Signal.like(code_bits, name="code_words")
        self.first_code_excess = Signal(signed(_COUNT_BITS), name="first_code_excess")
        self.first_sub_excess = Signal(signed(_COUNT_BITS), name="first_sub_excess")
        self.last_row = Signal(20, name="last_row")
        self.last_vector = Signal(9, name="last_vector")
        self.is_trits = Signal(name="is_trits")


class RowSequencer(wiring.Component):
    """Walks through the rows of a command and splits their beats into scales, sub-scales and codes.

    A chunk is what is left of a beat: it completes at most one vector and may begin the next one, so a beat
    of codes takes as many cycles as vectors end in it, at least one; so does one of sub-scales, which take
    the same way. A beat of scales takes one cycle. Rows follow each other without a gap; the first beat of a command is
    taken four cycles after the last step of the command before. ``beats.ready`` is combinational, ``command.ready`` is
    a register.

    Whether a beat completes a vector, and whether it ends with this chunk, is known when the chunk comes: both follow
    from the words that the beat has more than the vector lacks, which are counted one chunk ahead.

    With 64 lanes two vectors are completed together: the words of the second one follow those of the first. A
    single one ends a row of an odd number of vectors.

    Trits come in bundles of five vectors: each of four vectors takes two words, the fifth none. The padding of
    a bundle that the row does not fill is skipped, one beat per cycle.

    Codes of one bit that meet a single vector of the x-buffer are for two physical columns (`shared`), where there are
    two and a scale is for four vectors at least, of which the row has no part: two vectors of codes then pass as one of
    two bits.

    The first beat of a row waits until at most one row before it has steps left: there are two banks of
    scales.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    bus_bits : int
        Width of a beat, at least ``dot.lanes``.

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
    shared : Out(1)
        What passes as a vector of codes are two, from the cycle after ``start`` on.
    last_scale_byte : Out(11)
        Bytes of the scales of a row, less one.
    last_sub : Out(9)
        Vectors of sub-scales of a row, less one.
    """

    def __init__(self, *, dot, bus_bits):
        self._dot, self._bus_bits = dot, bus_bits
        super().__init__({
            "command": In(stream.Signature(DotCommand)),
            "beats": In(stream.Signature(bus_bits)),
            "scales": Out(stream.Signature(ScaleBeat(bus_bits), always_ready=True)),
            "chunks": Out(stream.Signature(CodeChunk(dot, bus_bits))),
            "row_done": In(1),
            "start": Out(1),
            "active": Out(DotCommand),
            "shared": Out(1),
            "last_scale_byte": Out(11),
            "last_sub": Out(9),
        })

    def elaborate(self, platform):
        m = Module()
        dot, count = self._dot, sides(self._dot)
        words = self._bus_bits // WORD_BITS
        byte_bits = (words * WORD_BITS // 8 - 1).bit_length()
        active, chunk = self.active, self.chunks.p

        phase = Signal(_Phase)
        begin = Signal()        # a command came in the cycle before
        idle = Signal()         # so it was in the cycle before, and no command came
        m.d.sync += begin.eq(self.start)
        rows_ahead = Signal(2)  # rows that have begun here and whose last step is not issued
        row_open = Signal()     # the current row is one of them
        may_proceed = Signal()
        m.d.comb += [
            self.command.ready.eq(idle),
            self.start.eq(self.command.valid & self.command.ready),
            may_proceed.eq(row_open | ~rows_ahead[1]),
        ]
        m.d.sync += idle.eq((phase == _Phase.IDLE) & ~begin & ~self.start & (rows_ahead == 0))
        plan = self._plan(m)

        # Positions: of the beat among the scales, of the word in the beat, and so on.
        scale_beat = Signal(11 - byte_bits)
        in_beat = Signal(range(words + 1), init=words)  # words that are left of the beat
        vectors = Signal(_Vectors(count))
        run = Signal.like(chunk.run)
        row = Signal.like(plan.last_row)

        subs = Value.cast(phase)[2]
        row_ends, beat_ends, fire, begin_row, trits = (Signal() for _ in range(5))
        m.d.comb += [
            trits.eq((phase == _Phase.CODES) & plan.is_trits),
            chunk.run.eq(run),
            chunk.row_last.eq(vectors.last & ~subs),
            chunk.command_last.eq(row == plan.last_row),
            self.chunks.valid.eq(
                (subs | (phase == _Phase.CODES)) & (self.beats.valid | vectors.wordless) & may_proceed),
            fire.eq(self.chunks.valid & self.chunks.ready),
            row_ends.eq(chunk.completes & chunk.row_last),
            # What follows the last vector is padding.
            beat_ends.eq(~vectors.wordless & (~chunk.completes | vectors.last | vectors.full)),
            self.scales.p.data.eq(self.beats.payload),
            self.scales.p.last.eq(scale_beat == self.last_scale_byte >> byte_bits),
            self.scales.valid.eq((phase == _Phase.SCALES) & self.beats.valid & may_proceed),
            self.beats.ready.eq(self.scales.valid | fire & beat_ends | (phase == _Phase.SKIP)),
            begin_row.eq((self.scales.valid | fire) & ~row_open),
        ]
        self._cut(m, vectors, in_beat, subs)
        with m.If(self.scales.valid):
            m.d.sync += [row_open.eq(1), scale_beat.eq(scale_beat + 1)]
            with m.If(self.scales.p.last):
                m.d.sync += [scale_beat.eq(0), phase.eq(plan.code_phase)]
        first = self._look_at_first(m, plan, subs, run)
        following = self._look_behind(m, plan, subs, run, vectors)
        with m.If(fire | begin):
            m.d.sync += [
                in_beat.eq(Mux(begin | beat_ends, words, vectors.spare)),
                vectors.eq(Mux(begin | chunk.completes & vectors.last, first, following)),
            ]
        next_phase = Mux(chunk.command_last, _Phase.IDLE, plan.first_phase)
        with m.If(begin):
            m.d.sync += phase.eq(plan.first_phase)
        with m.If(fire):
            m.d.sync += row_open.eq(1)
            with m.If(chunk.completes & vectors.last & subs):
                m.d.sync += phase.eq(_Phase.CODES)
            with m.If(row_ends):
                m.d.sync += [
                    row_open.eq(0), row.eq(Mux(chunk.command_last, 0, row + 1)), phase.eq(next_phase)]
        if "trits" in dot.decoders:
            self._bundle_trits(m, trits, phase, next_phase, run, fire, beat_ends, row_ends)
        m.d.sync += rows_ahead.eq(rows_ahead + begin_row - self.row_done)
        return m

    def _plan(self, m):
        """What the command says, in registers, put so that little is left to be worked out in each cycle."""
        dot, count = self._dot, sides(self._dot)
        words = self._bus_bits // WORD_BITS
        command, active = self.command.p, self.active
        plan = _Plan(active.code_bits)
        has_subs = command.sub_bits.any() if "sub_scales" in dot.decoders else Const(0)
        last_vector = (command.vectors - 1)[:9]
        last_scale = (last_vector >> command.scale_shift)[:9]
        shared = Const(0)
        if shared_columns(dot) == 2:
            shared = ((command.code_bits == 1) & (command.columns == 1) & ~command.expand & command.scale_shift[1]
                      & ~command.vectors[:2].any() & ~has_subs & ~command.minimum)
        code_phase = Mux(has_subs, _Phase.SUBS, _Phase.CODES)
        first_phase = Mux(command.scale != Scale.NONE, _Phase.SCALES, code_phase)
        # 8 sub-scales for 8 vectors, twice that for halves of vectors, and twice that with minimums.
        last_sub = Mux(command.sub_wide,
                       Mux(command.minimum, last_vector >> 4, last_vector >> 5),
                       Mux(command.minimum, last_vector >> 3, last_vector >> 4))
        code_words = Mux(command.paired, 2 * _PAIRED_BITS, Mux(shared, 2, command.code_bits))
        # Two vectors have twice the words of one.
        first_code_words = code_words << (last_vector.any() if count == 2 else 0)
        first_sub_words = command.sub_bits << (last_sub.any() if count == 2 else 0)
        with m.If(self.start):
            m.d.sync += [
                active.eq(command),
                self.shared.eq(shared),
                plan.last_vector.eq(Mux(shared, last_vector >> 1, last_vector)),
                self.last_sub.eq(last_sub),
                plan.last_row.eq(Mux(command.expand, 0, command.rows - 1)),
                self.last_scale_byte.eq(
                    Mux(command.scale != Scale.FP16,
                        Mux(command.scale == Scale.UE4M3, Cat(Const(1, 1), last_scale), last_scale),
                        Mux(command.minimum, Cat(Const(3, 2), last_scale), Cat(Const(1, 1), last_scale)))),
                plan.first_phase.eq(first_phase),
                plan.code_phase.eq(code_phase),
                plan.code_words.eq(code_words),
                plan.first_code_excess.eq(first_code_words - words),
                plan.first_sub_excess.eq(first_sub_words - words),
                plan.is_trits.eq(command.code_kind == CodeKind.TRITS),
            ]
        return plan

    def _cut(self, m, vectors, in_beat, subs):
        """Where the words of a chunk lie in the beat, and where in the vectors that they belong to."""
        words, count = self._bus_bits // WORD_BITS, sides(self._dot)
        active, chunk = self.active, self.chunks.p
        here = Signal(range(count * _PLANES + 1))  # planes of a second vector follow
        rotation = Signal(range(words))
        m.d.comb += [
            chunk.words.eq(self.beats.payload),
            chunk.sub.eq(subs),
            chunk.open_top.eq(Mux(subs, ~active.sub_signed, active.code_kind == CodeKind.UNSIGNED)),
            chunk.start.eq(_PLANES - vectors.width - chunk.open_top),
            # The chunk begins at word -in_beat of as many as a beat has.
            here.eq(_PLANES - chunk.open_top + vectors.second_words + vectors.spare - in_beat),
            rotation.eq(vectors.spare + vectors.second_words - chunk.open_top),
            chunk.completes.eq(vectors.spare >= 0),
            chunk.second.eq(vectors.second),
        ]
        for index, part in enumerate(chunk.parts):
            # The second vector has its planes behind those of the first.
            shift = vectors.width if index else 0
            m.d.comb += [
                part.plane.eq(Mux(here < shift, 0, here - shift)),
                part.rotation.eq(rotation - shift),
                part.head_rotation.eq(rotation - vectors.width - vectors.second_words - shift),
            ]

    # What the next chunk is about. After the last vector, and before the first, the first ones of a phase are next;
    # otherwise those behind, or the same ones, of which the next beat has more. The fifth vector of trits has no
    # words: it passes together with what follows it in the row, if anything.

    def _look_at_first(self, m, plan, subs, run):
        """The first vectors of the next phase."""
        count = sides(self._dot)
        to_subs = Signal()
        m.d.comb += to_subs.eq(~subs & (plan.code_phase == _Phase.SUBS))
        most = Mux(to_subs, self.last_sub, plan.last_vector)
        return self._look_ahead(
            m, "first", base=0, excess=Mux(to_subs, plan.first_sub_excess, plan.first_code_excess),
            behind=most >> count - 1, last=most >> count - 1 == 0, most=most,
            width=Mux(to_subs, self.active.sub_bits, plan.code_words), run=Const(0, len(run)), is_trits=plan.is_trits)

    def _look_behind(self, m, plan, subs, run, vectors):
        """What follows in the same phase, if anything does."""
        words, count = self._bus_bits // WORD_BITS, sides(self._dot)
        moves = self.chunks.p.completes
        return self._look_ahead(
            m, "following", base=vectors.spare,
            excess=Mux(moves, Mux(vectors.full, vectors.next_excess, vectors.next_words), -words),
            behind=vectors.behind - moves, last=Mux(moves, vectors.behind == 1, vectors.last),
            most=Mux(subs, self.last_sub, plan.last_vector), width=vectors.width,
            run=Mux(moves & ~subs, _run_after(run, count), run), is_trits=plan.is_trits)

    def _look_ahead(self, m, name, *, base, excess, behind, last, most, width, run, is_trits):
        """Vectors with so many behind them, of ``most`` + 1, to which a beat has ``base - excess`` words to spare."""
        words, count = self._bus_bits // WORD_BITS, sides(self._dot)
        has_fifth = is_trits if "trits" in self._dot.decoders else 0

        def empty(distance):
            """Whether the vector so far behind the first one is a fifth one of trits, without words."""
            return has_fifth & (run == _FIFTH - distance)

        next_words = Signal(range(count * _PLANES + 1), name=f"{name}_next_words")
        second, second_words, wordless = Const(0), Const(0), last & empty(0)
        if count == 1:
            m.d.comb += next_words.eq(Mux(empty(1), 0, width))
        else:
            second = ~last | most[0]
            next_second = (behind != 1) | most[0]
            wordless &= ~second
            second_words = Mux(second & ~empty(1), width, 0)
            m.d.comb += next_words.eq(Mux(empty(2), 0, width) + Mux(next_second & ~empty(3), width, 0))
        # Negative: fewer words are left than the next vectors need, or none.
        lacking, nothing = (Signal(_COUNT_BITS + 2, name=f"{name}_{kind}") for kind in ("lacking", "nothing"))
        # Without names of its fields: with them yosys splits it, and a compiled simulation takes that for feedback.
        layout = _Vectors(count)
        vectors = layout(Signal(Shape.cast(layout).width, name=name))
        m.d.comb += [
            lacking.eq(base - (excess + next_words)),
            nothing.eq(base - excess - 1),
            vectors.spare.eq(base - excess),
            vectors.full.eq(lacking[-1] | nothing[-1]),
            vectors.behind.eq(behind),
            vectors.last.eq(last),
            vectors.width.eq(width),
            vectors.second_words.eq(second_words),
            vectors.next_words.eq(next_words),
            vectors.next_excess.eq(next_words - words),
            vectors.wordless.eq(wordless),
            vectors.second.eq(second),
        ]
        return vectors

    def _bundle_trits(self, m, trits, phase, next_phase, run, fire, beat_ends, row_ends):
        """Number the vectors of a bundle of trits, and skip what the row leaves of it."""
        bundle_beats = _BUNDLE_WORDS * WORD_BITS // self._bus_bits
        chunk = self.chunks.p
        beat = Signal(range(max(bundle_beats, 2)))
        last_beat = beat == bundle_beats - 1
        after_skip = Signal(_Phase)
        with m.If(fire & trits):
            with m.If(chunk.completes):
                m.d.sync += run.eq(Mux(row_ends, 0, _run_after(run, sides(self._dot))))
            with m.If(beat_ends):
                m.d.sync += beat.eq(Mux(last_beat, 0, beat + 1))
                with m.If(row_ends & ~last_beat):
                    m.d.sync += [phase.eq(_Phase.SKIP), after_skip.eq(next_phase)]
        with m.If((phase == _Phase.SKIP) & self.beats.valid):
            m.d.sync += beat.eq(beat + 1)
            with m.If(last_beat):
                m.d.sync += [beat.eq(0), phase.eq(after_skip)]


def _run_after(run, count):
    """Number in its bundle of five of what follows ``count`` vectors of trits."""
    return Mux(run + count > _FIFTH, run + count - _FIFTH - 1, run + count)
