"""Performance counters."""

from enum import IntEnum

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Counter", "Counters"]


class Counter(IntEnum):
    """What is counted, each in cycles or pulses since reset.

    ``BUSY`` is the sum of ``READ_BEATS`` and all ``LOST_`` counters. A beat that is written takes the bus
    from the reads, and is a cycle of ``LOST_DRAM`` where these were waiting.
    """

    BUSY = 0           #: cycles between start and done
    INSTRUCTIONS = 1   #: instructions executed, END aside
    READ_BEATS = 2     #: bus words read, the program included
    WRITE_BEATS = 3    #: bus words written
    LOST_DRAM = 4      #: cycles in which the read bus was idle, by cause: :class:`gateware.activity.BusState`
    LOST_ENGINE = 5
    LOST_STORES = 6
    LOST_QUEUE = 7
    LOST_PROGRAM = 8
    LOST_END = 9
    DATA_STARVED = 10  #: cycles in which the stream of the instruction under way had not come
    DOT_BUSY = 11      #: cycles in which a DOT instruction executed
    SCORE_BUSY = 12    #: ... and the latest had a row for every position: K times queries
    MIX_BUSY = 13      #: ... and its rows ran along positions: V times softmax weights
    VECTOR_BUSY = 14   #: cycles in which a VECTOR instruction executed


class Counters(wiring.Component):
    """Counters of 32 bits in one LUT RAM, instead of as many adders and registers.

    Each event has a counter of 5 bits of its own; every cycle the next of them is added to its word in the
    RAM and cleared. So a word lags its event by at most ``LATENCY`` cycles. Counters wrap and are never
    cleared: take differences.

    On ECP5: 152 LUT4, 61 CCU2C, 16 DPR16X4, 222 FF.

    Members
    -------
    events : In
        One bit per :class:`Counter`, counted in every cycle in which it is 1. Goes to two registers: it comes from
        everywhere.
    index : In(4)
    value : Out(32)
        Counter ``index``, two cycles later.
    """

    PERIOD = 16
    LATENCY = PERIOD + 4

    events: In(len(Counter))
    index: In(4)
    value: Out(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=32, depth=self.PERIOD, init=[])
        write, read, look = words.write_port(), words.read_port(domain="comb"), words.read_port(domain="comb")
        turn = Signal(range(self.PERIOD))
        recent = Array(Signal(range(self.PERIOD + 1), name=f"recent_{counter.name.lower()}")
                       for counter in Counter)
        m.d.sync += turn.eq(turn + 1)
        near, events = Signal.like(self.events), Signal.like(self.events)
        m.d.sync += [near.eq(self.events), events.eq(near)]
        for counter in Counter:
            count = recent[counter]
            m.d.sync += count.eq(Mux(turn == counter, 0, count) + events[counter])
        chosen, word = Signal.like(recent[0]), Signal(32)
        chosen_turn, address = Signal.like(turn), Signal.like(turn)
        total = Signal(32)
        index = Signal.like(self.index)
        m.d.comb += [
            read.addr.eq(turn),
            write.addr.eq(address),
            write.data.eq(total),
            write.en.eq(address < len(Counter)),
            look.addr.eq(index),
        ]
        # Registers before and behind the sum; nobody else writes the word in between.
        m.d.sync += [
            chosen.eq(Mux(turn < len(Counter), recent[turn], 0)),
            word.eq(read.data),
            chosen_turn.eq(turn),
            address.eq(chosen_turn),
            total.eq(word + chosen),
            index.eq(self.index),
            self.value.eq(look.data),
        ]
        return m
