"""One line for two: what arrives is either a frame of the link or text for the terminal."""

from enum import Enum

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from soc.link.protocol import CODES, DELIMITER

__all__ = ["LineSplitter"]


class _State(Enum):
    TEXT = 0
    DELIMITED = 1  # a frame has ended, or a delimiter is held
    OPCODE = 2     # what may be an opcode is held as well
    GIVE_UP = 3    # what is held was text
    BEGIN = 4      # what is held is the beginning of a frame
    CODE = 5       # all but the delimiter of it
    FRAME = 6


class LineSplitter(wiring.Component):
    """Hands the bytes of frames to ``frames`` and all others to ``text``.

    A frame is known by how it begins: a delimiter, an opcode and a status, both below ``CODES`` of
    :mod:`soc.link.protocol`. Its bytes go on as they come, to the next delimiter, which ends it; that delimiter may be
    the beginning of the next frame as well, as when the other one was lost. So there is nothing to be out of step with:
    whatever came before, a frame with its first delimiter is received, and text that has no two bytes below ``CODES``
    behind one another is never taken for a frame. Nobody types such bytes.

    What has to be decided on is held back, two bytes at most: a ``~`` that is typed, and one of Ctrl-A to Ctrl-F after
    it or after a frame, arrive with the next byte that shows what they are, or when none has come for ``timeout``
    cycles. A frame whose end does not come within that time of its last byte is no frame any more: what follows is
    text. The receiver of frames is left with a beginning, which the delimiter of the next frame ends.

    Every byte leaves once, in its order (proved by tests/soc/test_line_proofs.py). Takes a byte per cycle, and two or
    three cycles more where a frame begins or what was held turns out to be text. Honours back-pressure: who must not be
    stopped by the other takes what comes at once. Latency none; handshake outputs depend on those of the other sides.

    Parameters
    ----------
    timeout : int
        Cycles, 2 or more.

    Members
    -------
    bytes : In(stream of 8)
    frames : Out(stream of 8)
    text : Out(stream of 8)
    waiting : Out(1)
        Something is held back, or a frame has begun and not ended: the next byte, or time, will tell.

    Raises
    ------
    ValueError
        If the timeout is too short.
    """

    def __init__(self, *, timeout):
        if timeout < 2:
            raise ValueError(f"Cycles until a silence ends a frame must be at least 2, not {timeout!r}")
        self._timeout = timeout
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "frames": Out(stream.Signature(8)),
            "text": Out(stream.Signature(8)),
            "waiting": Out(1),
        })
        # Members, so that a proof can state what is held.
        self.state = Signal(_State)
        self.delimiter_held, self.code_held = Signal(), Signal()
        self.code = Signal(range(CODES))
        self.late = Signal()  # nothing has come for so long

    def elaborate(self, platform):
        m = Module()
        byte = self.bytes.payload
        delimiter, code = Signal(), Signal()
        silence = Signal(range(self._timeout))
        m.d.comb += [
            delimiter.eq(byte == DELIMITER),
            code.eq(byte < CODES),
            self.late.eq((silence == self._timeout - 1) & ~self.bytes.valid),
            self.frames.payload.eq(byte),
            self.text.payload.eq(byte),
        ]
        with m.If(self.bytes.valid | ~self.waiting):
            m.d.sync += silence.eq(0)
        with m.Elif(~self.late):
            m.d.sync += silence.eq(silence + 1)
        with m.Switch(self.state):
            with m.Case(_State.TEXT):
                m.d.comb += [
                    self.text.valid.eq(self.bytes.valid & ~delimiter),
                    self.bytes.ready.eq(delimiter | self.text.ready),
                ]
                with m.If(self.bytes.valid & delimiter):
                    m.d.sync += [self.delimiter_held.eq(1), self.state.eq(_State.DELIMITED)]
            with m.Case(_State.DELIMITED):
                m.d.comb += self.waiting.eq(self.delimiter_held)
                with m.If(self.bytes.valid & code):
                    m.d.comb += self.bytes.ready.eq(1)
                    m.d.sync += [self.code.eq(byte), self.code_held.eq(1), self.state.eq(_State.OPCODE)]
                with m.Elif(self.bytes.valid & delimiter):
                    # Of two delimiters the first begins nothing: it is text, unless it has ended a frame.
                    m.d.comb += [
                        self.text.valid.eq(self.delimiter_held),
                        self.bytes.ready.eq(self.text.ready | ~self.delimiter_held),
                    ]
                    with m.If(self.bytes.ready):
                        m.d.sync += self.delimiter_held.eq(1)
                with m.Elif(self.bytes.valid | self.late):
                    m.d.sync += self.state.eq(_State.GIVE_UP)
            with m.Case(_State.OPCODE):
                m.d.comb += self.waiting.eq(1)
                with m.If(self.bytes.valid & code):
                    # A frame may begin with the delimiter that has ended another.
                    m.d.sync += self.state.eq(Mux(self.delimiter_held, _State.BEGIN, _State.CODE))
                with m.Elif(self.bytes.valid | self.late):
                    m.d.sync += self.state.eq(_State.GIVE_UP)
            with m.Case(_State.GIVE_UP):
                m.d.comb += [
                    self.waiting.eq(1),
                    self.text.valid.eq(self.delimiter_held | self.code_held),
                    self.text.payload.eq(Mux(self.delimiter_held, DELIMITER, self.code)),
                ]
                with m.If(self.text.ready):
                    m.d.sync += self.delimiter_held.eq(0)
                    with m.If(~self.delimiter_held):
                        m.d.sync += self.code_held.eq(0)
                with m.If(~self.delimiter_held & ~self.code_held):
                    m.d.sync += self.state.eq(_State.TEXT)
            with m.Case(_State.BEGIN):
                m.d.comb += [
                    self.waiting.eq(1),
                    self.frames.valid.eq(1),
                    self.frames.payload.eq(DELIMITER),
                ]
                with m.If(self.frames.ready):
                    m.d.sync += [self.delimiter_held.eq(0), self.state.eq(_State.CODE)]
            with m.Case(_State.CODE):
                m.d.comb += [
                    self.waiting.eq(1),
                    self.frames.valid.eq(1),
                    self.frames.payload.eq(self.code),
                ]
                with m.If(self.frames.ready):
                    m.d.sync += [self.code_held.eq(0), self.state.eq(_State.FRAME)]
            with m.Case(_State.FRAME):
                m.d.comb += [
                    self.waiting.eq(1),
                    self.frames.valid.eq(self.bytes.valid),
                    self.bytes.ready.eq(self.frames.ready),
                ]
                with m.If(self.bytes.valid & self.frames.ready & delimiter):
                    m.d.sync += self.state.eq(_State.DELIMITED)
                with m.Elif(self.late):
                    m.d.sync += self.state.eq(_State.TEXT)
        return m
