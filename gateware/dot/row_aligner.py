"""Rows that follow each other without padding, as beats."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dot.layouts import WORD_BITS
from gateware.isa import Scale
from gateware.layouts import DotCommand
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["RowAligner"]

_LENGTH_BITS = 14
_PARTS = 3


class RowAligner(wiring.Component):
    """Makes the scales, the sub-scales and the codes of every row begin with a beat.

    In memory, packed rows follow each other word by word; what comes out is as if each part of a row had been padded to a
    bus word. Words after the end of a part mean nothing. Other commands' beats pass as they are. Throughput one beat
    out per cycle, latency four cycles. ``beats.ready`` is a function of registers. The first beat of a command with
    packed rows waits for ``LENGTH_CYCLES``, in which the lengths of the parts are computed.

    ::

        beats -> held, next -> words from either -> rotated -> skid buffer -> aligned

    Parameters
    ----------
    bus_bits : int
        Width of a beat, a multiple of a word of 32 bits.

    Members
    -------
    start : In(1)
        A command begins; no beat of the one before is left in or before the sequencer. ``active``,
        ``last_scale_byte`` and ``last_sub`` are those of the command from the next cycle on.
    active : In
    last_scale_byte : In(11)
        Bytes of the scales of a row, less one.
    last_sub : In(9)
        Vectors of sub-scales of a row, less one.
    beats : In(stream)
        None of a command before its ``start``.
    aligned : Out(stream)
    """

    LENGTH_CYCLES = 7

    def __init__(self, *, bus_bits):
        self._words = bus_bits // WORD_BITS
        super().__init__({
            "start": In(1),
            "active": In(DotCommand),
            "last_scale_byte": In(11),
            "last_sub": In(9),
            "beats": In(stream.Signature(bus_bits)),
            "aligned": Out(stream.Signature(bus_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        words, shape = self._words, data.ArrayLayout(WORD_BITS, self._words)
        m.submodules.skid = skid = SkidBuffer(shape=words * WORD_BITS)
        connect(m, skid.o, flipped(self.aligned))
        running, lengths = self._measure(m)

        # The part under way: words that are left of it, and how many of them the next beat takes.
        part = Signal(range(_PARTS), reset_less=True)
        left = Signal(_LENGTH_BITS, reset_less=True)
        row = Signal(20, reset_less=True)
        count = Signal(range(words + 1))
        packed = self.active.packed
        m.d.comb += count.eq(Mux(packed & (left < words), left, words))
        ends = packed & (left <= words)

        # `held` is the beat that has words left, from number `used` on; the next one follows.
        held = Signal(shape, reset_less=True)
        have = Signal()
        used = Signal(range(words))
        advance, leave, other, whole, take = (Signal() for _ in range(5))
        total = Signal(range(2 * words))
        chosen, rotated = Signal(shape, reset_less=True), Signal(shape, reset_less=True)
        chosen_valid, rotated_valid = Signal(), Signal()
        rotation = Signal.like(used)
        next_words = shape(self.beats.payload)
        m.d.comb += [
            advance.eq(~rotated_valid | skid.i.ready),
            total.eq(used + count),
            other.eq(total > words),
            whole.eq(total >= words),
            leave.eq(running & have & advance & (~other | self.beats.valid)),
            take.eq(self.beats.valid & self.beats.ready),
            self.beats.ready.eq(running & Mux(have, whole & advance, 1)),
            skid.i.valid.eq(rotated_valid),
            skid.i.payload.eq(rotated),
        ]
        with m.If(take):
            m.d.sync += [held.eq(self.beats.payload), have.eq(1)]
        with m.Elif(leave & whole):
            m.d.sync += have.eq(0)
        with m.If(leave):
            m.d.sync += [
                used.eq(Mux(whole, total - words, total)),
                left.eq(left - count),
            ]
            with m.If(ends):
                self._next_part(m, part, left, row, lengths, running)

        with m.If(advance):
            m.d.sync += [
                chosen_valid.eq(leave),
                rotation.eq(used),
                rotated_valid.eq(chosen_valid),
            ]
            m.d.sync += [chosen[index].eq(Mux(used > index, next_words[index], held[index])) for index in range(words)]
            m.d.sync += [
                rotated[index].eq(Cat(chosen[(index + by) % words] for by in range(words))
                                  .word_select(rotation, WORD_BITS))
                for index in range(words)]
        with m.If(packed & ~running):
            # What the first row begins with, and where.
            m.d.sync += used.eq(self.active.offset)
            m.d.sync += [part.eq(Mux(lengths[0].any(), 0, Mux(lengths[1].any(), 1, 2))),
                         left.eq(Mux(lengths[0].any(), lengths[0], Mux(lengths[1].any(), lengths[1], lengths[2])))]
        # Last, because a command with an offset may have left `used` to the one that begins now.
        with m.If(self.start):
            m.d.sync += [have.eq(0), used.eq(0), row.eq(0), part.eq(0)]
        return m

    def _next_part(self, m, part, left, row, lengths, running):
        """The part that follows: codes always do, the others only in formats that have them."""
        scales, subs, codes = lengths
        to_subs, to_codes = Signal(), Signal()
        m.d.comb += [to_subs.eq((part == 0) & subs.any()), to_codes.eq((part != 2) & ~to_subs)]
        with m.If(to_subs):
            m.d.sync += [part.eq(1), left.eq(subs)]
        with m.Elif(to_codes):
            m.d.sync += [part.eq(2), left.eq(codes)]
        with m.Else():
            m.d.sync += [
                part.eq(Mux(scales.any(), 0, Mux(subs.any(), 1, 2))),
                left.eq(Mux(scales.any(), scales, Mux(subs.any(), subs, codes))),
                row.eq(row + 1),
                running.eq(row + 1 != self.active.rows),
            ]

    def _measure(self, m):
        """Whether beats may pass, and the words of each part of a row, valid when they may."""
        active = self.active
        scales, subs, codes = lengths = [Signal(_LENGTH_BITS, reset_less=True, name=name)
                                         for name in ("scales", "subs", "codes")]
        running = Signal()
        cycle = Signal(range(self.LENGTH_CYCLES + 1))
        addend = Signal(_LENGTH_BITS, reset_less=True)
        bits = Signal.like(active.code_bits)
        sub_vectors = Signal(10)
        m.d.comb += sub_vectors.eq(self.last_sub + 1)
        m.d.sync += [
            scales.eq(Mux(active.scale == Scale.NONE, 0, (self.last_scale_byte >> 2) + 1)),
            # 4, 6 or 8 words for each.
            subs.eq(Mux(active.sub_bits[2], sub_vectors << 2, 0) + Mux(active.sub_bits[1], sub_vectors << 1, 0)
                    + Mux(active.sub_bits[3], sub_vectors << 3, 0)),
        ]
        # vectors * code_bits, a bit per cycle.
        with m.If(self.start):
            m.d.sync += [cycle.eq(1), running.eq(0), codes.eq(0)]
        with m.Elif(cycle == 1):
            m.d.sync += [addend.eq(active.vectors), bits.eq(active.code_bits), running.eq(~active.packed),
                         cycle.eq(Mux(active.packed, 2, 0))]
        with m.Elif(cycle != 0):
            m.d.sync += [
                addend.eq(addend << 1),
                bits.eq(bits >> 1),
                codes.eq(codes + Mux(bits[0], addend, 0)),
                cycle.eq(Mux(cycle == self.LENGTH_CYCLES, 0, cycle + 1)),
                running.eq(cycle == self.LENGTH_CYCLES),
            ]
        return running, lengths
