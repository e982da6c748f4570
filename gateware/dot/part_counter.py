"""How many words of each beat belong to the same part of a packed row."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from gateware.isa import Scale
from gateware.layouts import DotCommand

__all__ = ["PartCounter"]

_LENGTH_BITS = 14


class _Part(enum.Enum, shape=2):
    SCALES = 0
    SUBS = 1
    CODES = 2


class PartCounter(wiring.Component):
    """Counts the words of the scales, the sub-scales and the codes of packed rows, beat by beat.

    Before the first beat of a command with packed rows it computes the lengths of the parts, which takes
    ``LENGTH_CYCLES``. Members that are read depend on registers only.

    Parameters
    ----------
    words : int
        Of 32 bits in a beat, a power of two.

    Members
    -------
    start : In(1)
        A command begins; ``active``, ``last_scale_byte`` and ``last_sub`` are those of the command from the next cycle
        on.
    active : In
    last_scale_byte : In(11)
        Bytes of the scales of a row, less one.
    last_sub : In(9)
        Vectors of sub-scales of a row, less one.
    running : Out(1)
        Words are wanted. Without packed rows that ends with the next command only.
    count : Out
        Words for the next beat; all that it has without packed rows.
    taken : In(1)
        They are taken.
    """

    LENGTH_CYCLES = 7

    def __init__(self, words):
        self._words = words
        super().__init__({
            "start": In(1),
            "active": In(DotCommand),
            "last_scale_byte": In(11),
            "last_sub": In(9),
            "running": Out(1),
            "count": Out(range(words + 1), init=words),
            "taken": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        words, active, running = self._words, self.active, self.running
        scales, subs, codes = self._measure(m)

        # The part under way: words that are left of it, and whether the next beat takes them all.
        part = Signal(_Part)
        left = Signal(_LENGTH_BITS, reset_less=True)
        ends = Signal()
        row = Signal(20, reset_less=True)  # rows from this one on
        begin = active.packed & ~running
        # What the parts are does not change once the command is there, some cycles before its first beat.
        has_subs, first, first_left = Signal(), Signal(_Part, reset_less=True), Signal.like(left)
        m.d.sync += [
            has_subs.eq(active.sub_bits.any()),
            first.eq(Mux(active.scale != Scale.NONE, _Part.SCALES, Mux(has_subs, _Part.SUBS, _Part.CODES))),
        ]

        def length(part):
            return Mux(part == _Part.SCALES, scales, Mux(part == _Part.SUBS, subs, codes))

        m.d.sync += first_left.eq(length(first))
        # The part behind the one under way, or behind the first one as long as none is.
        following, following_left = Signal(_Part), Signal.like(left)
        next_part, next_following = Signal(_Part), Signal(_Part)
        m.d.comb += [
            next_part.eq(Mux(begin, first, Mux(ends, following, part))),
            next_following.eq(Mux(next_part == _Part.CODES, first,
                                  Mux((next_part == _Part.SCALES) & has_subs, _Part.SUBS, _Part.CODES))),
        ]
        with m.If(begin | active.packed & self.taken):
            m.d.sync += [
                part.eq(next_part),
                following.eq(next_following),
                following_left.eq(length(next_following)),
                # What may come is compared before it is chosen.
                Cat(left, self.count, ends).eq(
                    Mux(begin, self._look(first_left),
                        Mux(ends, self._look(following_left), self._look(left, beats=1)))),
            ]
        with m.If(begin):
            m.d.sync += row.eq(active.rows)
        with m.Elif(self.taken & ends & (part == _Part.CODES)):
            m.d.sync += [row.eq(row - 1), running.eq(row != 1)]
        with m.If(self.start):
            m.d.sync += [self.count.eq(words), ends.eq(0)]
        return m

    def _look(self, left, beats=0):
        """Words of a part less those of some beats, how many of them the next beat takes, and whether that is all."""
        bits = self._words.bit_length() - 1
        rest, whole = left[:bits], left[bits:]
        few = whole == beats
        return Cat(rest, (whole - beats)[:len(whole)], Mux(few, rest, self._words)[:len(self.count)],
                   few | (whole == beats + 1) & (rest == 0))

    def _measure(self, m):
        """The words of each part of a row, valid when words are wanted."""
        active = self.active
        scales, subs, codes = lengths = [Signal(_LENGTH_BITS, reset_less=True, name=name)
                                         for name in ("scales", "subs", "codes")]
        cycle = Signal(range(self.LENGTH_CYCLES + 1))
        addend = Signal(_LENGTH_BITS, reset_less=True)
        bits = Signal.like(active.code_bits)
        sub_vectors = Signal(10)
        m.d.comb += sub_vectors.eq(self.last_sub + 1)
        m.d.sync += [
            scales.eq((self.last_scale_byte >> 2) + 1),
            # 4, 6 or 8 words for each.
            subs.eq(Mux(active.sub_bits[2], sub_vectors << 2, 0) + Mux(active.sub_bits[1], sub_vectors << 1, 0)
                    + Mux(active.sub_bits[3], sub_vectors << 3, 0)),
        ]
        # vectors * code_bits, a bit per cycle; the last one changes nothing any more.
        with m.If(self.start):
            m.d.sync += [cycle.eq(1), self.running.eq(0), codes.eq(0)]
        with m.Elif(cycle == 1):
            m.d.sync += [
                codes.eq(Mux(active.code_bits[0], active.vectors, 0)),
                addend.eq(active.vectors << 1),
                bits.eq(active.code_bits >> 1),
                self.running.eq(~active.packed),
                cycle.eq(Mux(active.packed, 2, 0)),
            ]
        with m.Elif(cycle != 0):
            m.d.sync += [
                addend.eq(addend << 1),
                bits.eq(bits >> 1),
                codes.eq(codes + Mux(bits[0], addend, 0)),
                cycle.eq(Mux(cycle == self.LENGTH_CYCLES, 0, cycle + 1)),
                self.running.eq(cycle == self.LENGTH_CYCLES),
            ]
        return lengths
