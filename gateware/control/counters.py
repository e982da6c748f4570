"""Performance counters."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from gateware.activity import Counter

__all__ = ["Counters"]


class Counters(wiring.Component):
    """Counters of 32 bits in one LUT RAM, instead of as many adders and registers.

    Each event has a counter of 5 bits of its own; every cycle the next of them is added to its word in the
    RAM and cleared. So a word lags its event by at most ``LATENCY`` cycles. Counters wrap and are never
    cleared: take differences.

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
