"""From frames to bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from soc.link.layouts import FrameHeader
from soc.link.protocol import CRC_BYTES, DELIMITER, ESCAPE, ESCAPE_BIT, HEADER_BYTES, PAYLOAD_BYTES

__all__ = ["FrameSender"]


class FrameSender(wiring.Component):
    """Sends frames: delimiter, header, payload from a buffer, CRC, delimiter, with escapes where they are
    needed.

    One byte per cycle, and ``BlockRam.LATENCY + 1`` cycles more for each word of the buffer. A frame is
    accepted when its last byte has been: header and buffer must stay as they are so long. ``bytes`` comes
    from registers.

    Parameters
    ----------
    bus_bits : int
        Width of a word of the buffer.

    Members
    -------
    frame : In(stream of FrameHeader)
        ``length`` bytes of payload lie in the buffer, whole words.
    bytes : Out(stream of 8)
    read_enable : Out(1)
        The word that is addressed now is needed.
    word_index : Out
    word : In
        Word ``word_index``, ``BlockRam.LATENCY`` cycles later.
    """

    def __init__(self, *, bus_bits):
        self._bus_bytes = bus_bits // 8
        super().__init__({
            "frame": In(stream.Signature(FrameHeader)),
            "bytes": Out(stream.Signature(8)),
            "read_enable": Out(1),
            "word_index": Out(range(PAYLOAD_BYTES // self._bus_bytes)),
            "word": In(bus_bits),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=8).create()
        # The byte that leaves next is the lowest.
        longest = 8 * max(self._bus_bytes, HEADER_BYTES)
        bytes_ = Signal(longest, reset_less=True)
        left = Signal(range(longest // 8 + 1))
        unsent = Signal(16, reset_less=True)  # bytes of payload that are not in `bytes_`
        index = Signal.like(self.word_index)
        wait = Signal(range(BlockRam.LATENCY + 1))
        out, valid, escaping = Signal(8, reset_less=True), Signal(), Signal()
        advance, delimit, content, special = Signal(), Signal(), Signal(), Signal()
        byte = bytes_[:8]
        m.d.comb += [
            self.bytes.valid.eq(valid),
            self.bytes.payload.eq(out),
            self.word_index.eq(index),
            advance.eq(~valid | self.bytes.ready),
            special.eq((byte == DELIMITER) | (byte == ESCAPE)),
            crc.data.eq(byte),
        ]
        # At most one of `delimit` and `content` in a cycle: what becomes the output if it advances.
        with m.If(advance):
            m.d.sync += valid.eq(delimit | content)
            with m.If(delimit):
                m.d.sync += out.eq(DELIMITER)
            with m.Elif(content & special & ~escaping):
                m.d.sync += [out.eq(ESCAPE), escaping.eq(1)]
            with m.Elif(content):
                m.d.sync += [
                    out.eq(byte ^ Mux(escaping, ESCAPE_BIT, 0)),
                    escaping.eq(0),
                    bytes_.eq(bytes_ >> 8),
                    left.eq(left - 1),
                ]
        sent = Signal()
        m.d.comb += sent.eq(advance & content & (~special | escaping))
        with m.FSM():
            with m.State("OPEN"):
                m.d.comb += [delimit.eq(self.frame.valid), crc.start.eq(1)]
                m.d.sync += [
                    bytes_.eq(self.frame.payload),
                    left.eq(HEADER_BYTES),
                    unsent.eq(self.frame.p.length),
                    index.eq(0),
                ]
                with m.If(self.frame.valid & advance):
                    m.next = "CONTENT"
            with m.State("CONTENT"):
                m.d.comb += [content.eq(left != 0), crc.valid.eq(sent)]
                with m.If(left == 0):
                    m.d.sync += wait.eq(BlockRam.LATENCY)
                    with m.If(unsent != 0):
                        m.d.comb += self.read_enable.eq(1)
                        m.next = "WORD"
                    with m.Else():
                        m.next = "SUM"
            with m.State("WORD"):
                m.d.sync += [
                    wait.eq(wait - 1),
                    bytes_.eq(self.word),
                    left.eq(self._bus_bytes),
                ]
                with m.If(wait == 1):
                    m.d.sync += [index.eq(index + 1), unsent.eq(unsent - self._bus_bytes)]
                    m.next = "CONTENT"
            with m.State("SUM"):
                m.d.sync += [bytes_.eq(crc.crc), left.eq(CRC_BYTES)]
                m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += content.eq(left != 0)
                with m.If(left == 0):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += delimit.eq(1)
                with m.If(advance):
                    m.next = "SENT"
            with m.State("SENT"):
                m.d.comb += self.frame.ready.eq(self.bytes.ready)
                with m.If(self.bytes.ready):
                    m.next = "OPEN"
        return m
