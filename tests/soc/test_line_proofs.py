"""Proofs: splitter and merger of the serial line lose, double and reorder no byte, and cut no frame."""

import pytest
from amaranth.hdl import Assert, Assume, ClockDomain, Elaboratable, Module, Mux, Signal

from soc.line_merger import LineMerger
from soc.line_splitter import LineSplitter, _State
from soc.link.protocol import CODES, DELIMITER
from testing.formal import prove
from testing.formal_parts import assert_held


class _Splitter(Elaboratable):
    """Any bytes, any pauses: what leaves, on either side, is what came, in order; frames are whole."""

    def __init__(self):
        self.dut = LineSplitter(timeout=3)
        self.domain = ClockDomain("sync", reset_less=True)
        self.valid, self.byte = Signal(), Signal(8)
        self.frames_ready, self.text_ready = Signal(), Signal()
        self.claims_no_frames = False

    @property
    def inputs(self):
        return [self.domain.clk, self.valid, self.byte, self.frames_ready, self.text_ready]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        m.d.comb += [
            dut.bytes.valid.eq(self.valid),
            dut.bytes.payload.eq(self.byte),
            dut.frames.ready.eq(self.frames_ready),
            dut.text.ready.eq(self.text_ready),
        ]
        # What has been taken and has not left: a queue of at most two.
        queue, held = [Signal(8, name=f"queue{index}") for index in range(2)], Signal(range(4))
        taken, left, first = Signal(), Signal(), Signal(8)
        frame_leaves, text_leaves = (side.valid & side.ready for side in (dut.frames, dut.text))
        m.d.comb += [
            taken.eq(dut.bytes.valid & dut.bytes.ready),
            left.eq(frame_leaves | text_leaves),
            first.eq(Mux(held != 0, queue[0], self.byte)),
            Assert(~(dut.frames.valid & dut.text.valid)),
            Assert(~dut.frames.valid | (dut.frames.payload == first) & ((held != 0) | self.valid)),
            Assert(~dut.text.valid | (dut.text.payload == first) & ((held != 0) | self.valid)),
            Assert(~left | (held != 0) | taken),
            Assert(held <= 2),
        ]
        m.d.sync += held.eq(held + taken - left)
        after = held - left  # once the first has left, if one is held
        with m.If(left):
            m.d.sync += queue[0].eq(queue[1])
        with m.If(taken):
            for place in range(2):
                with m.If(after == place):
                    m.d.sync += queue[place].eq(self.byte)

        # Frames, as their receiver sees them: a delimiter, two codes, then anything; the delimiter at the end may be
        # the first of the next. `count` is what has left of a frame, 3 at most; a silence leaves a beginning without an
        # end.
        count, broken = Signal(range(4)), Signal()
        with m.If(frame_leaves):
            m.d.sync += broken.eq(0)
            with m.If(dut.frames.payload == DELIMITER):
                m.d.sync += count.eq(1)
            with m.Elif(count < 3):
                m.d.sync += count.eq(count + 1)
            m.d.comb += [
                Assert((count != 0) | (dut.frames.payload == DELIMITER)),
                Assert((count == 0) | (count == 3) | (dut.frames.payload < CODES) | (dut.frames.payload == DELIMITER)),
                Assert(~broken | (dut.frames.payload == DELIMITER)),
            ]
        with m.If((dut.state == _State.FRAME) & dut.late):
            m.d.sync += broken.eq(1)
        # Text never comes between the bytes of a frame but after such a silence.
        m.d.comb += Assert(~text_leaves | (count <= 1) | broken)
        if self.claims_no_frames:
            m.d.comb += Assert(~frame_leaves)
        self._invariants(m, queue, held, count, broken)
        return m

    def _invariants(self, m, queue, held, count, broken):
        dut = self.dut
        both = dut.delimiter_held & dut.code_held
        expected = {  # whether the delimiter, and the code, are held
            _State.TEXT: ~dut.delimiter_held & ~dut.code_held, _State.DELIMITED: ~dut.code_held,
            _State.OPCODE: dut.code_held, _State.BEGIN: both, _State.CODE: ~dut.delimiter_held & dut.code_held,
            _State.FRAME: ~dut.delimiter_held & ~dut.code_held}
        for state, claim in expected.items():
            m.d.comb += Assert((dut.state != state) | claim)
        m.d.comb += [
            Assert(dut.state <= _State.FRAME.value),
            Assert(held == dut.delimiter_held + dut.code_held), Assert(~dut.code_held | (dut.code < CODES)),
            Assert(~dut.delimiter_held | (queue[0] == DELIMITER)),
            Assert(~dut.code_held | (Mux(dut.delimiter_held, queue[1], queue[0]) == dut.code)),
            # How much of a frame has left.
            Assert((dut.state != _State.CODE) | (count == 1) & ~broken),
            Assert((dut.state != _State.FRAME) | (count >= 2) & ~broken),
            Assert((count <= 1) | (dut.state == _State.FRAME) | broken),
            Assert(~broken | (count >= 2)),
            # A frame without its own delimiter begins right after another.
            Assert((dut.state == _State.TEXT) | (dut.state == _State.GIVE_UP) | dut.delimiter_held
                   | (dut.state == _State.FRAME) | (count == 1)),
        ]
        # The second code is not held: it is the byte that is offered, and has to stay until the frame begins.
        pending, offered = Signal(), Signal(8)
        m.d.sync += [pending.eq(self.valid & ~dut.bytes.ready), offered.eq(self.byte)]
        m.d.comb += Assume(~pending | self.valid & (self.byte == offered))
        begins = (dut.state == _State.BEGIN) | (dut.state == _State.CODE) | (
            (dut.state == _State.FRAME) & (count == 2))
        m.d.comb += Assert(~begins | pending & (offered < CODES))


class _Merger(Elaboratable):
    """Frames of any length and text of any bytes."""

    def __init__(self):
        self.dut = LineMerger()
        self.domain = ClockDomain("sync", reset_less=True)
        self.frames_valid, self.text_valid, self.ready = Signal(), Signal(), Signal()
        self.frame_byte, self.text_byte = Signal(8), Signal(8)
        self.text_waits = False

    @property
    def inputs(self):
        return [self.domain.clk, self.frames_valid, self.text_valid, self.ready, self.frame_byte, self.text_byte]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        m.d.comb += [
            dut.frames.valid.eq(self.frames_valid),
            dut.frames.payload.eq(self.frame_byte),
            dut.text.valid.eq(self.text_valid),
            dut.text.payload.eq(self.text_byte),
            dut.bytes.ready.eq(self.ready),
        ]
        frame_taken, text_taken = (side.valid & side.ready for side in (dut.frames, dut.text))
        inside, held, shadow, turns = Signal(), Signal(), Signal(8), Signal(2)
        sent = dut.bytes.valid & dut.bytes.ready
        m.d.comb += [
            Assert(~(frame_taken & text_taken)),
            # One byte is inside at most, and it is the one that was taken.
            Assert(dut.bytes.valid == held),
            Assert(~held | (dut.bytes.payload == shadow)),
            Assert(~(frame_taken | text_taken) | ~held | sent),
            Assert(~(text_taken & inside)),
            Assert(dut.inside == inside),
            # Neither waits for ever: of text that is offered all the time a byte follows each frame at least, and a
            # frame each byte.
            Assert(turns <= 1),
            Assert((turns == 0) | ~inside & ~dut.text_was_last),
            Assert(~text_taken | ~dut.text_was_last | ~self.frames_valid),
            # What can be taken is: the output is free and something is offered.
            Assert(held & ~self.ready | frame_taken | text_taken
                   | Mux(inside, ~self.frames_valid, ~self.frames_valid & ~self.text_valid)),
        ]
        m.d.sync += held.eq(held + (frame_taken | text_taken) - sent)
        with m.If(frame_taken | text_taken):
            m.d.sync += shadow.eq(Mux(text_taken, self.text_byte, self.frame_byte))
        # Frames since a byte of text, while text is offered.
        with m.If(text_taken | ~self.text_valid):
            m.d.sync += turns.eq(0)
        with m.If(frame_taken & (self.frame_byte == DELIMITER)):
            m.d.sync += inside.eq(~inside)
            with m.If(inside & self.text_valid):
                m.d.sync += turns.eq(turns + 1)
        if self.text_waits:
            m.d.comb += Assert(~text_taken)
        assert_held(m, dut.bytes)
        return m


def test_the_splitter_loses_nothing_and_cuts_no_frame():
    design = _Splitter()
    prove(design, ports=design.inputs, steps=2)


def test_the_merger_loses_nothing_and_cuts_no_frame():
    design = _Merger()
    prove(design, ports=design.inputs, steps=2)


@pytest.mark.parametrize("make, claim", [(_Splitter, "claims_no_frames"), (_Merger, "text_waits")])
def test_a_wrong_claim_is_refuted(make, claim):
    """Frames and text do come out: that they never do is not proved."""
    design = make()
    setattr(design, claim, True)
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=8)
