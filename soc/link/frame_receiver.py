"""From bytes to frames."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from soc.link.layouts import FrameHeader, ReceivedFrame
from soc.link.protocol import CRC_BYTES, DELIMITER, ESCAPE, ESCAPE_BIT, HEADER_BYTES, PAYLOAD_BYTES

__all__ = ["FrameReceiver"]


class FrameReceiver(wiring.Component):
    """Finds frames in a stream of bytes, checks them, and puts their payload into a buffer.

    Takes one byte per cycle, escapes included; a frame is offered in the second cycle after its last
    delimiter, and no byte is taken until it is accepted: the payload stays in the buffer so long. A payload
    is written to the buffer before the CRC has come; only the frame that is then offered says whether it is
    good. Never writes beyond the ``PAYLOAD_BYTES`` of the buffer, however long a frame is.

    Parameters
    ----------
    bus_bits : int
        Width of a word of the buffer.

    Members
    -------
    bytes : In(stream of 8)
    frame : Out(stream of ReceivedFrame)
    word_enable : Out(1)
        Write ``word`` to word ``word_index`` of the buffer.
    word_index, word : Out
    """

    def __init__(self, *, bus_bits):
        self._bus_bytes = bus_bits // 8
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "frame": Out(stream.Signature(ReceivedFrame)),
            "word_enable": Out(1),
            "word_index": Out(range(PAYLOAD_BYTES // self._bus_bytes)),
            "word": Out(bus_bits),
        })

    def elaborate(self, platform):
        m = Module()
        lane_bits = self._bus_bytes.bit_length() - 1
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=8).create()
        header = Signal(FrameHeader, reset_less=True)
        header_left = Signal(range(HEADER_BYTES + 1), init=HEADER_BYTES)
        # Bytes behind the header, the CRC included; the last value means too many.
        tail = Signal(range(PAYLOAD_BYTES + CRC_BYTES + 2))
        too_many = PAYLOAD_BYTES + CRC_BYTES + 1
        word = Signal(8 * self._bus_bytes, reset_less=True)
        escaped, offered = Signal(), Signal()
        damaged, oversized = Signal(reset_less=True), Signal(reset_less=True)
        take, put, end, restart = Signal(), Signal(), Signal(), Signal()
        content = Signal(8)
        m.d.comb += [
            self.bytes.ready.eq(~offered),
            take.eq(self.bytes.valid & ~offered),
            end.eq(take & (self.bytes.payload == DELIMITER)),
            put.eq(take & ~end & (escaped | (self.bytes.payload != ESCAPE))),
            content.eq(self.bytes.payload ^ Mux(escaped, ESCAPE_BIT, 0)),
            crc.data.eq(content),
            crc.valid.eq(put),
            crc.start.eq(restart),
            self.frame.valid.eq(offered),
            self.frame.p.header.eq(header),
            self.frame.p.damaged.eq(damaged),
            self.frame.p.oversized.eq(oversized),
            restart.eq(offered & self.frame.ready),
            self.word.eq(word),
        ]
        m.d.sync += self.word_enable.eq(0)
        with m.If(take):
            m.d.sync += escaped.eq(~put & ~end)
        with m.If(put):
            with m.If(header_left != 0):
                m.d.sync += [
                    header_left.eq(header_left - 1),
                    header.eq(Cat(header.as_value()[8:], content)),
                ]
            with m.Else():
                # The word lies in the buffer whole: its last byte is that of the highest lane.
                m.d.sync += [
                    word.eq(Cat(word[8:], content)),
                    self.word_index.eq(tail[lane_bits:]),
                    self.word_enable.eq((tail < PAYLOAD_BYTES) & tail[:lane_bits].all()),
                ]
                with m.If(tail != too_many):
                    m.d.sync += tail.eq(tail + 1)
        # Between two frames there may be any number of delimiters.
        with m.If(end & (escaped | (header_left != HEADER_BYTES))):
            m.d.sync += [
                offered.eq(1),
                oversized.eq(tail == too_many),
                damaged.eq(escaped | (header_left != 0) | ~crc.match_detected
                           | (tail != header.length + CRC_BYTES)),
            ]
        with m.If(restart):
            m.d.sync += [offered.eq(0), header_left.eq(HEADER_BYTES), tail.eq(0)]
        return m
