"""Blocks of an SD card on their way into DRAM."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import crc, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.memory_port import MemoryPort
from soc.sd.block_receiver import BLOCK_BYTES

__all__ = ["BlockWriter"]


class BlockWriter(wiring.Component):
    """Collects a block, and writes it to DRAM in one burst once it is known to be good.

    There is room for two: while one is written the next arrives, and may not end before the first is written
    (``hold``). On the way out a CRC-32 is made, a byte a cycle. A write takes ``BlockRam.LATENCY + 2`` cycles per bus
    word and one per byte: with 64 bits 768 cycles for a block, of which a card brings one in 3,072 at least.

    Parameters
    ----------
    bus_bits : int

    Members
    -------
    address : In(32)
        Bus word where the first block goes; taken with ``start``.
    start : In(1)
        Forget what has arrived; there must be none that waits (``idle``).
    byte : In(8)
    valid, done, good : In(1)
        Of :class:`soc.sd.block_receiver.BlockReceiver`. A block that is not good is not written.
    summed : In(1)
        Blocks that are written count for ``crc``.
    clear : In(1)
        It begins anew.
    crc : Out(32)
        CRC-32 of the blocks that were written: that of zlib, of Ethernet.
    hold : Out(1)
        A block is being written: no other may end.
    written : Out(1)
        Pulse: a block lies in DRAM.
    idle : Out(1)
        No block is being written.
    memory : Out(MemoryPort)
        Writes alone.
    """

    def __init__(self, *, bus_bits):
        self._bus_bytes = bus_bits // 8
        super().__init__({
            "address": In(32),
            "start": In(1),
            "byte": In(8),
            "valid": In(1),
            "done": In(1),
            "good": In(1),
            "summed": In(1),
            "clear": In(1),
            "crc": Out(32),
            "hold": Out(1),
            "written": Out(1),
            "idle": Out(1),
            "memory": Out(MemoryPort(bus_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        bus_bytes, words = self._bus_bytes, BLOCK_BYTES // self._bus_bytes
        m.submodules.sum = check = crc.catalog.CRC32_ISO_HDLC(data_width=8).create()
        m.submodules.buffer = buffer = BlockRam(width=8 * bus_bytes, depth=2 * words)
        memory = self.memory

        # What arrives: bytes become words, words a half of the buffer.
        count = Signal(range(BLOCK_BYTES))
        half = Signal()
        word = Signal(8 * bus_bytes, reset_less=True)
        full = Signal()  # a block is being written, or is about to
        whole = Signal()
        place = Signal(range(words))
        m.d.sync += [
            whole.eq(self.valid & (count[:(bus_bytes - 1).bit_length()] == bus_bytes - 1)),
            place.eq(count // bus_bytes),
        ]
        with m.If(self.valid):
            m.d.sync += [word.eq(Cat(word[8:], self.byte)), count.eq(count + 1)]
        with m.If(self.start | self.done):
            m.d.sync += count.eq(0)
        arrived = self.done & self.good
        m.d.sync += [half.eq(half ^ arrived), full.eq((full | arrived) & ~self.written)]
        m.d.comb += [
            buffer.write_enable.eq(whole),
            buffer.write_address.eq(Cat(place, half)),
            buffer.write_data.eq(word),
            self.hold.eq(full),
            self.idle.eq(~full),
        ]

        # What leaves.
        target = Signal(32, reset_less=True)
        other = Signal()  # the half that is written
        index = Signal(range(words))
        wait = Signal(range(BlockRam.LATENCY + 1))
        rest = Signal(8 * bus_bytes, reset_less=True)  # of the word, for the CRC
        left = Signal(range(bus_bytes))
        with m.If(self.start):
            m.d.sync += target.eq(self.address)
        m.d.comb += [
            buffer.read_enable.eq(0),
            check.data.eq(rest[:8]),
            check.start.eq(self.clear),
            self.crc.eq(check.crc),
            buffer.read_address.eq(Cat(index, other)),
            memory.write_request.p.address.eq(target),
            memory.write_request.p.length.eq(words),
            memory.write_data.p.mask.eq(~0),
        ]
        with m.FSM():
            with m.State("IDLE"):
                with m.If(full):
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                m.d.comb += memory.write_request.valid.eq(1)
                m.d.sync += index.eq(0)
                with m.If(memory.write_request.ready):
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += buffer.read_enable.eq(1)
                m.d.sync += wait.eq(BlockRam.LATENCY)
                m.next = "WORD"
            with m.State("WORD"):
                m.d.sync += [wait.eq(wait - 1), memory.write_data.p.data.eq(buffer.read_data)]
                m.d.sync += [rest.eq(buffer.read_data), left.eq(bus_bytes - 1)]
                with m.If(wait == 1):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += check.valid.eq(self.summed)
                m.d.sync += [rest.eq(rest >> 8), left.eq(left - 1)]
                with m.If(left == 0):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += memory.write_data.valid.eq(1)
                with m.If(memory.write_data.ready):
                    m.d.sync += index.eq(index + 1)
                    m.next = "FETCH"
                    with m.If(index == words - 1):
                        m.next = "REPORT"
            with m.State("REPORT"):
                with m.If(memory.write_done):
                    m.d.comb += self.written.eq(1)
                    m.d.sync += [target.eq(target + words), other.eq(~other)]
                    m.next = "IDLE"
        return m
