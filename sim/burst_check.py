"""A design that writes random data and reads them again, to find out whether a memory keeps them."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort

__all__ = ["BurstCheck"]

_STEP = 20011
"""From one burst to the next, in bursts: odd, so that none comes twice, and far enough for rows and banks to change."""


class BurstCheck(wiring.Component):
    """Writes ``2 * bursts`` bursts all over the memory as fast as it can, and reads them as fast as it can: the first
    half while the other half is written, the other half then. Words of a burst lie one behind the other.

    Parameters
    ----------
    bus_bits : int
        A multiple of 32.
    length : int
        Words of a burst, a power of two.
    bursts : int
        A power of two.
    size : int
        Words of the memory, a power of two.

    Members
    -------
    memory : Out(MemoryPort)
    start : In(1)
        While it is set everything begins anew with the next cycle.
    seed : In(32)
        Of the data; looked at while ``start`` is set.
    wrong : Out(32)
        Words that were not as they were written.
    done : Out(1)
        All is written and read.
    """

    def __init__(self, *, bus_bits, length, bursts, size):
        self._bus_bits, self._length, self._bursts, self._size = bus_bits, length, bursts, size
        super().__init__({
            "memory": Out(MemoryPort(bus_bits)), "start": In(1), "seed": In(32), "wrong": Out(32), "done": Out(1)})

    def _requests(self, m, stream, may):
        """Ask for one burst after the other, while `may`; returns how many have been taken."""
        count = Signal(range(2 * self._bursts + 1))
        address = Signal(range(self._size))
        m.d.comb += [
            stream.valid.eq(may(count) & (count != 2 * self._bursts)),
            stream.p.address.eq(address),
            stream.p.length.eq(self._length),
        ]
        with m.If(self.start):
            m.d.sync += [count.eq(0), address.eq(0)]
        with m.Elif(stream.valid & stream.ready):
            m.d.sync += [count.eq(count + 1), address.eq(address + self._length * _STEP)]
        return count

    def _words(self, m, advance):
        """Random words, the same for each; returns the present one and how many there have been."""
        count = Signal(range(2 * self._bursts * self._length + 1))
        words = []
        for index in range(self._bus_bits // 32):
            state = Signal(32, init=1)
            left = state ^ state << 13
            right = left[:32] ^ left[:32] >> 17
            with m.If(self.start):
                m.d.sync += state.eq((self.seed ^ (0x9e3779b9 * (index + 1) & 0xffff_ffff)) | 1)
            with m.Elif(advance):
                m.d.sync += state.eq(right ^ right << 5)
            words.append(state)
        with m.If(self.start):
            m.d.sync += count.eq(0)
        with m.Elif(advance):
            m.d.sync += count.eq(count + 1)
        return Cat(*words), count

    def elaborate(self, platform):
        m = Module()
        memory, all_words = self.memory, 2 * self._bursts * self._length
        runs = Signal()
        with m.If(self.start):
            m.d.sync += runs.eq(1)
        written = Signal(range(2 * self._bursts + 1))
        with m.If(self.start):
            m.d.sync += written.eq(0)
        with m.Elif(memory.write_done):
            m.d.sync += written.eq(written + 1)
        self._requests(m, memory.write_request, lambda count: runs)
        self._requests(m, memory.read_request, lambda count: runs & (
            (written == 2 * self._bursts) | (written >= self._bursts) & (count < self._bursts)))

        data, sent = self._words(m, memory.write_data.valid & memory.write_data.ready)
        m.d.comb += [
            memory.write_data.valid.eq(runs & (sent != all_words)),
            memory.write_data.p.data.eq(data),
            memory.write_data.p.mask.eq(-1),
            memory.read_data.ready.eq(1),
        ]
        expected, received = self._words(m, memory.read_data.valid)
        with m.If(self.start):
            m.d.sync += self.wrong.eq(0)
        with m.Elif(memory.read_data.valid & (memory.read_data.payload != expected)):
            m.d.sync += self.wrong.eq(self.wrong + 1)
        m.d.comb += self.done.eq(runs & (received == all_words))
        return m
