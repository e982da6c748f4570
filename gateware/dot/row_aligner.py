"""Rows that follow each other without padding, as beats."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dot.layouts import WORD_BITS
from gateware.dot.part_counter import PartCounter
from gateware.layouts import DotCommand
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["RowAligner"]


class RowAligner(wiring.Component):
    """Makes the scales, the sub-scales and the codes of every row begin with a beat.

    In memory, packed rows follow each other word by word; what comes out is as if each part of a row had been padded to
    a bus word. Words after the end of a part mean nothing. Other commands' beats pass as they are. Throughput one beat
    out per cycle, latency four cycles. ``beats.ready`` is a function of registers. The first beat of a command with
    packed rows waits for ``PartCounter.LENGTH_CYCLES``.

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
        m.submodules.parts = parts = PartCounter(words)

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
            parts.start.eq(self.start),
            parts.active.eq(self.active),
            parts.last_scale_byte.eq(self.last_scale_byte),
            parts.last_sub.eq(self.last_sub),
            parts.taken.eq(leave),
            advance.eq(~rotated_valid | skid.i.ready),
            total.eq(used + parts.count),
            other.eq(total > words),
            whole.eq(total >= words),
            leave.eq(parts.running & have & advance & (~other | self.beats.valid)),
            take.eq(self.beats.valid & self.beats.ready),
            self.beats.ready.eq(parts.running & Mux(have, whole & advance, 1)),
            skid.i.valid.eq(rotated_valid),
            skid.i.payload.eq(rotated),
        ]
        with m.If(take):
            m.d.sync += [held.eq(self.beats.payload), have.eq(1)]
        with m.Elif(leave & whole):
            m.d.sync += have.eq(0)
        with m.If(leave):
            m.d.sync += used.eq(Mux(whole, total - words, total))
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
        with m.If(self.active.packed & ~parts.running):
            m.d.sync += used.eq(self.active.offset)
        # Last, because a command with an offset may have left `used` to the one that begins now.
        with m.If(self.start):
            m.d.sync += [have.eq(0), used.eq(0)]
        return m
