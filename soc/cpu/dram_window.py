"""The DRAM, as memory of the processor."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort
from soc.cpu.bus import ProcessorBus
from soc.cpu.map import REGION_SHIFT

__all__ = ["DramWindow"]

_ADDRESS_BITS = REGION_SHIFT + 2
"""Of a byte: the region has four codes."""


class DramWindow(wiring.Component):
    """One bus word of the DRAM, behind the processor's bus of 32 bits.

    What is read comes with the whole bus word that it lies in, so the words beside it are there already. What is
    written stays here until another bus word is touched, or ``flush`` is set: then the bytes that were written, and no
    others, go to the DRAM. A bus word that is only written is never read.

    Without the DRAM an access takes two cycles; with it four and its latency, twice if another word has to be written
    back first. Requests are bursts of one beat, one after another.

    An access that needs the DRAM while it is not ``available``, or an address beyond its end, is refused at once: it
    reads 0, what it writes is lost, a pulse tells why. What has been begun ends: ``active`` holds back whoever takes
    the DRAM next. So the processor never waits longer than the DRAM takes for a word.

    Somebody else may change the DRAM meanwhile; who does sets ``stale``, and what was read before is read again. Bytes
    that the processor has written and that have not gone to the DRAM are not given up.

    Parameters
    ----------
    bus_bits : int
    memory_bytes : int
        Size of the DRAM.

    Members
    -------
    bus : In(ProcessorBus)
        Of the address the lower 30 bits count.
    memory : Out(MemoryPort)
    available : In(1)
        The DRAM may be used; looked at when an access or a flush needs it.
    active : Out(1)
        The DRAM is being used; from the cycle after ``available`` was looked at.
    stale : In(1)
        The DRAM may be changed by somebody else in this cycle; not while requests of this master are under way.
    flush : In(1)
        Write back what has to be, and forget the word. Must stay until ``flushed``; not while ``bus.valid``.
    flushed : Out(1)
        In the last cycle of ``flush``. If the DRAM was not available, what had to be written is still here.
    unavailable, outside : Out(1)
        Pulse: an access, or a flush, was refused.
    """

    def __init__(self, *, bus_bits, memory_bytes):
        self._bus_bytes, self._words = bus_bits // 8, memory_bytes * 8 // bus_bits
        super().__init__({
            "bus": In(ProcessorBus),
            "memory": Out(MemoryPort(bus_bits)),
            "available": In(1),
            "active": Out(1),
            "stale": In(1),
            "flush": In(1),
            "flushed": Out(1),
            "unavailable": Out(1),
            "outside": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        bus, memory, bus_bytes = self.bus, self.memory, self._bus_bytes
        byte_bits = bus_bytes.bit_length() - 1
        place = bus.address[byte_bits:_ADDRESS_BITS]
        part = bus.address[2:byte_bits]
        # The word: where it lies, its bytes; which of them were written; whether the others are those of the DRAM.
        held, tag = Signal(), Signal.like(place)
        content = Signal(data.ArrayLayout(8, bus_bytes), reset_less=True)
        written, is_written, whole = Signal(bus_bytes), Signal(), Signal()
        # Found in a cycle, used in the next.
        hit, beyond = Signal(), Signal()
        chosen = Signal(32, reset_less=True)
        m.d.sync += [
            hit.eq(held & (place == tag)),
            beyond.eq(place >= self._words),
            chosen.eq(content.as_value().word_select(part, 32)),
        ]
        writes = bus.strobes.any()
        answer, put, clean = Signal(), Signal(), Signal()
        m.d.comb += [
            bus.ready.eq(answer | self.unavailable & bus.valid | self.outside),
            memory.read_request.p.address.eq(tag),
            memory.read_request.p.length.eq(1),
            memory.write_request.p.address.eq(tag),
            memory.write_request.p.length.eq(1),
            memory.write_data.p.data.eq(content),
            memory.write_data.p.mask.eq(written),
        ]
        with m.If(answer):
            m.d.comb += bus.read_data.eq(chosen)
        requested, sent = Signal(), Signal()
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(self.flush):
                    with m.If(is_written & self.available):
                        m.next = "WRITE"
                    with m.Elif(is_written):
                        m.d.comb += [self.unavailable.eq(1), self.flushed.eq(1)]
                    with m.Else():
                        m.d.sync += held.eq(0)
                        m.d.comb += self.flushed.eq(1)
                with m.Elif(bus.valid):
                    m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "IDLE"
                with m.If(beyond):
                    m.d.comb += self.outside.eq(1)
                with m.Elif(writes & (hit | ~is_written)):
                    m.d.comb += [answer.eq(1), put.eq(1)]
                with m.Elif(hit & whole):
                    m.d.comb += answer.eq(1)
                with m.Elif(~self.available):
                    m.d.comb += self.unavailable.eq(1)
                with m.Elif(is_written & ~hit):
                    m.next = "WRITE"
                with m.Else():
                    m.d.sync += [held.eq(1), tag.eq(place)]
                    m.next = "READ"
            with m.State("WRITE"):
                m.d.comb += [memory.write_request.valid.eq(~requested), memory.write_data.valid.eq(~sent)]
                with m.If(memory.write_request.ready):
                    m.d.sync += requested.eq(1)
                with m.If(memory.write_data.ready):
                    m.d.sync += sent.eq(1)
                with m.If(memory.write_done):
                    m.d.comb += clean.eq(1)
                    m.d.sync += [requested.eq(0), sent.eq(0)]
                    m.next = "IDLE"
            with m.State("READ"):
                m.d.comb += memory.read_request.valid.eq(1)
                with m.If(memory.read_request.ready):
                    m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += memory.read_data.ready.eq(1)
                with m.If(memory.read_data.valid):
                    m.next = "PICK"
            # The word is there, and the answer whatever happens to the DRAM now.
            with m.State("PICK"):
                m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += answer.eq(1)
                m.next = "IDLE"
            arrives = fsm.ongoing("WORD") & memory.read_data.valid
            m.d.comb += self.active.eq(fsm.ongoing("WRITE") | fsm.ongoing("READ") | fsm.ongoing("WORD"))
        self._store(m, content, written, put, arrives)
        with m.If(put):
            m.d.sync += [held.eq(1), tag.eq(place), is_written.eq(1)]
        with m.If(clean):
            m.d.sync += [written.eq(0), is_written.eq(0)]
        with m.If(arrives):
            m.d.sync += whole.eq(1)
        with m.Elif(self.stale | self.flush | put & ~hit | fsm.ongoing("READ")):
            m.d.sync += whole.eq(0)
        return m

    def _store(self, m, content, written, put, arrives):
        """What the bytes of the word become: those that are put into it, and those that arrive for the others."""
        bus = self.bus
        part = bus.address[2:self._bus_bytes.bit_length() - 1]
        for byte in range(self._bus_bytes):
            with m.If(put & (part == byte // 4) & bus.strobes[byte % 4]):
                m.d.sync += [content[byte].eq(bus.write_data.word_select(byte % 4, 8)), written[byte].eq(1)]
            with m.Elif(arrives & ~written[byte]):
                m.d.sync += content[byte].eq(self.memory.read_data.payload.word_select(byte, 8))
