"""One line for frames and text, in Amaranth's own simulator: against the rule that the host follows, with stalls."""

import random

from amaranth.sim import Simulator
import pytest

from host.transport.frame_stream import FrameStream
from soc.line_merger import LineMerger
from soc.line_splitter import LineSplitter
from soc.link.protocol import CODES, DELIMITER, Frame, encode
from testing.streams import run_stream_test

TIMEOUT = 200


def _frame(rng):
    return Frame(opcode=rng.randrange(CODES), sequence=rng.randrange(1 << 16),
                 payload=rng.choice([b"", b"~}~", rng.randbytes(8)]))


def _line(rng, pieces):
    """Bytes of a line, and what they are: frames and text."""
    data, frames, text = b"", [], b""
    for _ in range(pieces):
        if rng.random() < 0.5:
            frames.append(_frame(rng))
            data += encode(frames[-1])
        else:
            piece = bytes(rng.choices(b"~~}ab\r\x03\x07", k=rng.randrange(1, 6)))
            # A delimiter and two codes are a frame; a terminal has no such text.
            if any(a < CODES and b < CODES for a, b in zip(piece, piece[1:])) or piece[-1] in (DELIMITER, 3, 7):
                piece = b"/help\r"
            data, text = data + piece, text + piece
    return data, frames, text


def test_frames_and_text_part():
    """With ~, } and control characters in the text; frames may share their delimiters."""
    rng = random.Random(3)
    data, frames, text = _line(rng, 60)
    data += encode(frames[0]) + encode(frames[1])[1:] + encode(frames[2])[1:] + b"end"
    frames, text = frames + frames[:3], text + b"end"
    shown = bytearray()
    assert FrameStream(text=shown.extend).push(data) == frames and bytes(shown) == text
    sent = b"".join(map(encode, frames[:-2])) + encode(frames[-2])[1:] + encode(frames[-1])[1:]
    run_stream_test(LineSplitter(timeout=TIMEOUT), inputs={"bytes": data},
                    outputs={"frames": list(sent), "text": list(text)})


@pytest.mark.parametrize("data, frames, text", [
    (b"~", b"", b"~"),
    (b"~\x03", b"", b"~\x03"),
    (b"~~", b"", b"~~"),
    (b"a~b", b"", b"a~b"),
    (b"~\x01\x08", b"", b"~\x01\x08"),
    (b"~\x01~\x01x", b"", b"~\x01~\x01x"),
    (b"~\x01\x00abc~\x03", b"~\x01\x00abc~", b"\x03"),
    (b"~\x01\x00abc~~x", b"~\x01\x00abc~", b"~x"),
    (b"\x01\x00abc", b"", b"\x01\x00abc"),
    (b"~\x01\x00~hello", b"~\x01\x00~", b"hello"),
])
def test_what_cannot_be_told_waits_for_time(data, frames, text):
    """What is held comes out after the timeout, and neither sooner nor later."""
    run_stream_test(LineSplitter(timeout=TIMEOUT), inputs={"bytes": data},
                    outputs={"frames": list(frames), "text": list(text)}, deadline=20 * len(data) + TIMEOUT + 100)
    dut, came = LineSplitter(timeout=TIMEOUT), []

    async def testbench(ctx):
        ctx.set(dut.frames.ready, 1)
        ctx.set(dut.text.ready, 1)
        for byte in data:
            ctx.set(dut.bytes.payload, byte)
            ctx.set(dut.bytes.valid, 1)
            while not ctx.get(dut.bytes.ready):
                await ctx.tick()
            await ctx.tick()
            # A serial line has pauses, shorter than the timeout.
            ctx.set(dut.bytes.valid, 0)
            await ctx.tick().repeat(TIMEOUT - 10)
        if ctx.get(dut.waiting):
            await ctx.tick().repeat(20)
        assert not ctx.get(dut.waiting)

    async def watch(ctx):
        async for *_, frame, byte, text, shown in ctx.tick().sample(
                dut.frames.valid, dut.frames.payload, dut.text.valid, dut.text.payload):
            came.extend([("frame", byte)] * frame + [("text", shown)] * text)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_process(watch)
    simulator.run()
    assert bytes(byte for kind, byte in came if kind == "frame") == frames
    assert bytes(byte for kind, byte in came if kind == "text") == text


def test_after_a_silence_there_is_text():
    """A frame without an end; the next one is whole."""
    good = encode(Frame(opcode=1, sequence=5))
    dut, came = LineSplitter(timeout=TIMEOUT), {"frames": b"", "text": b""}

    async def testbench(ctx):
        ctx.set(dut.frames.ready, 1)
        ctx.set(dut.text.ready, 1)
        for pause, data in (TIMEOUT - 2, b"~\x01\x00ab"), (TIMEOUT + 2, b"cd"), (1, b"typed" + good + b"more"):
            for byte in data:
                ctx.set(dut.bytes.payload, byte)
                ctx.set(dut.bytes.valid, 1)
                while True:
                    *_, ready = await ctx.tick().sample(dut.bytes.ready)
                    if ready:
                        break
            ctx.set(dut.bytes.valid, 0)
            await ctx.tick().repeat(pause)

    async def watch(ctx):
        async for *_, frame, byte, text, shown in ctx.tick().sample(
                dut.frames.valid, dut.frames.payload, dut.text.valid, dut.text.payload):
            came["frames"] += bytes([byte]) * frame
            came["text"] += bytes([shown]) * text

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_process(watch)
    simulator.run()
    assert came == {"frames": b"~\x01\x00abcd" + good, "text": b"typedmore"}


def test_merged_and_parted_again():
    """Whatever the stalls: frames whole, text in order, and the host tells them apart."""
    rng = random.Random(8)
    frames = [_frame(rng) for _ in range(12)]
    text = b"".join(rng.choice((b"a~b", b"~", b"}~~\r\n", b"word ")) for _ in range(60)) + b"."
    total = sum(len(encode(frame)) for frame in frames) + len(text)
    for seed in range(4):
        got = run_stream_test(LineMerger(), inputs={"frames": b"".join(map(encode, frames)), "text": text},
                              outputs={"bytes": total}, seeds=[seed])["bytes"]
        shown = bytearray()
        assert FrameStream(text=shown.extend).push(bytes(got)) == frames, seed
        assert bytes(shown) == text, seed


def test_they_take_turns():
    """Without stalls: a byte per cycle, and a byte of text behind each frame."""
    frame = encode(Frame(opcode=1, sequence=5))
    got = run_stream_test(LineMerger(), inputs={"frames": frame * 3, "text": b"xyz"}, outputs={
        "bytes": 3 * len(frame) + 3}, seeds=[0], stall=0, deadline=3 * len(frame) + 5)["bytes"]
    assert bytes(got) in (b"x" + frame + b"y" + frame + b"z" + frame, (frame + b"x" + frame + b"y" + frame + b"z"))


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"^Cycles until a silence ends a frame must be at least 2, not 1$"):
        LineSplitter(timeout=1)
