"""What the bridge does with DRAM."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.block_ram import BlockRam
from gateware.dma.burst_splitter import BurstSplitter, LineBurst
from gateware.memory_port import MemoryPort
from gateware.stream.skid_buffer import SkidBuffer
from soc.link.layouts import MemoryCommand
from soc.link.protocol import Opcode, PAYLOAD_BYTES
from soc.link.word_crc import WordCrc

__all__ = ["MemoryAccess"]


class MemoryAccess(wiring.Component):
    """Carries out READ_MEMORY, WRITE_MEMORY and CRC_MEMORY between DRAM and the payload buffer.

    Bursts are those of :class:`gateware.dma.burst_splitter.BurstSplitter`. Reads, a CRC among them, take a
    bus word in every cycle: ``memory.read_data`` is never refused, so DRAM sets the speed. A write takes
    ``BlockRam.LATENCY + 2`` cycles per word, several times faster than a link brings it; ``done`` comes when
    DRAM has reported all of it. Requests come from registers, and what the memory says of them goes into registers.

    Parameters
    ----------
    bus_bits : int
    max_burst : int
        Longest burst in beats.

    Members
    -------
    command : In(stream of MemoryCommand)
        Accepted together with ``done``, not before: it must stay so long.
    crc : Out(32)
        After a CRC_MEMORY, in the cycle of ``done``.
    word_index : Out
        Word of the buffer: that to read, or that to write with ``write_enable``.
    read_enable : Out(1)
    read_word : In(bus_bits)
        Word ``word_index`` of the buffer, ``BlockRam.LATENCY`` cycles later.
    write_enable : Out(1)
    write_word : Out(bus_bits)
    memory : Out(MemoryPort)
    """

    def __init__(self, *, bus_bits, max_burst=64):
        self._bus_bits, self._max_burst = bus_bits, max_burst
        self._words = PAYLOAD_BYTES * 8 // bus_bits
        super().__init__({
            "command": In(stream.Signature(MemoryCommand)),
            "crc": Out(32),
            "word_index": Out(range(self._words)),
            "read_enable": Out(1),
            "read_word": In(bus_bits),
            "write_enable": Out(1),
            "write_word": Out(bus_bits),
            "memory": Out(MemoryPort(bus_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.splitter = splitter = BurstSplitter(max_burst=self._max_burst)
        m.submodules.sum = word_crc = WordCrc(width=self._bus_bits)
        # What the memory says of requests ends here, as it does in the accelerator's engines.
        m.submodules.requests = requests = SkidBuffer(shape=LineBurst)
        connect(m, splitter.bursts, requests.i)
        command, bursts, memory = self.command.p, requests.o, self.memory
        index = Signal.like(self.word_index)
        left = Signal(24, reset_less=True)
        unwritten = Signal(range(self._words + 1))  # bursts to be requested and not reported as written
        reading, all_requested = Signal(), Signal()
        word = Signal(self._bus_bits, reset_less=True)
        wait = Signal(range(BlockRam.LATENCY + 1))
        requested, beat = Signal(), Signal()

        # Requests, of reads and writes alike.
        m.d.comb += [
            splitter.lines.p.address.eq(command.address),
            splitter.lines.p.beats.eq(command.beats),
            splitter.lines.p.last.eq(1),
            memory.read_request.p.eq(bursts.p.tagged.burst),
            memory.write_request.p.eq(bursts.p.tagged.burst),
            memory.read_request.valid.eq(bursts.valid & reading),
            memory.write_request.valid.eq(bursts.valid & ~reading),
            bursts.ready.eq((memory.read_request.ready & reading) | (memory.write_request.ready & ~reading)),
            requested.eq(requests.i.valid & requests.i.ready),
            memory.read_data.ready.eq(reading),
            beat.eq(memory.read_data.valid & reading),
        ]
        with m.If(requested & requests.i.p.last):
            m.d.sync += all_requested.eq(1)
        m.d.sync += unwritten.eq(unwritten + (requested & ~reading) - memory.write_done)

        # Read data go to the buffer and through the CRC; what is not wanted, nobody looks at.
        m.d.comb += [
            self.word_index.eq(index),
            self.write_enable.eq(beat & (command.opcode == Opcode.READ_MEMORY)),
            self.write_word.eq(memory.read_data.payload),
            word_crc.valid.eq(beat),
            word_crc.data.eq(memory.read_data.payload),
            self.crc.eq(word_crc.crc),
            memory.write_data.p.data.eq(word),
            memory.write_data.p.mask.eq(~0),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [splitter.lines.valid.eq(self.command.valid), word_crc.start.eq(1)]
                m.d.sync += [
                    index.eq(0),
                    left.eq(command.beats),
                    all_requested.eq(0),
                ]
                with m.If(self.command.valid & splitter.lines.ready):
                    with m.If(command.opcode == Opcode.WRITE_MEMORY):
                        m.next = "FETCH"
                    with m.Else():
                        m.d.sync += reading.eq(1)
                        m.next = "READ"
            with m.State("READ"):
                with m.If(beat):
                    m.d.sync += [index.eq(index + 1), left.eq(left - 1)]
                    with m.If(left == 1):
                        m.d.sync += reading.eq(0)
                        m.next = "DONE"
            with m.State("FETCH"):
                m.d.comb += self.read_enable.eq(1)
                m.d.sync += wait.eq(BlockRam.LATENCY)
                m.next = "WORD"
            with m.State("WORD"):
                m.d.sync += [wait.eq(wait - 1), word.eq(self.read_word)]
                with m.If(wait == 1):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += memory.write_data.valid.eq(1)
                with m.If(memory.write_data.ready):
                    m.d.sync += [index.eq(index + 1), left.eq(left - 1)]
                    m.next = "FETCH"
                    with m.If(left == 1):
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(all_requested & (unwritten == 0)):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.command.ready.eq(1)
                m.next = "IDLE"
        return m
