"""One line for two: frames of the link, and between them what the terminal shows."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from soc.link.protocol import DELIMITER

__all__ = ["LineMerger"]


class LineMerger(wiring.Component):
    """Sends frames and text over one stream of bytes: text only where no frame is under way.

    A frame goes from its delimiter to the next, without a byte of anything else in between, however long it pauses.
    Between frames the two take turns, a byte of text after each frame at least, so that neither waits for ever.

    Text may have any bytes: a delimiter in it is taken for what it is by who tells frames from text as
    :class:`soc.line_splitter.LineSplitter` does.

    One byte per cycle, latency one cycle. ``bytes`` comes from registers; nothing is lost, doubled or put between the
    bytes of a frame (proved by tests/soc/test_line_proofs.py).

    Members
    -------
    frames : In(stream of 8)
        Delimiter, bytes without a delimiter, delimiter; and so on.
    text : In(stream of 8)
    bytes : Out(stream of 8)
    """

    frames: In(stream.Signature(8))
    text: In(stream.Signature(8))
    bytes: Out(stream.Signature(8))

    def __init__(self):
        super().__init__()
        # Members, so that a proof can state what is under way.
        self.inside, self.text_was_last = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        advance, choose_text, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            advance.eq(~self.bytes.valid | self.bytes.ready),
            choose_text.eq(~self.inside & (~self.frames.valid | self.text.valid & ~self.text_was_last)),
            self.frames.ready.eq(advance & ~choose_text),
            self.text.ready.eq(advance & choose_text),
            taken.eq(Mux(choose_text, self.text.valid, self.frames.valid)),
        ]
        with m.If(advance):
            m.d.sync += [
                self.bytes.valid.eq(taken),
                self.bytes.payload.eq(Mux(choose_text, self.text.payload, self.frames.payload)),
            ]
            with m.If(taken):
                m.d.sync += self.text_was_last.eq(choose_text)
            with m.If(self.frames.valid & ~choose_text & (self.frames.payload == DELIMITER)):
                m.d.sync += self.inside.eq(~self.inside)
        return m
