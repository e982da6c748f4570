"""Frames and text out of whatever arrives: in any pieces, behind any rubbish, in bounded memory."""

import random
import tracemalloc

import pytest

from host.transport.frame_stream import LONGEST_BYTES, FrameStream
from soc.link.protocol import Frame, FrameError, Opcode, encode

FRAME = Frame(opcode=Opcode.READ_MEMORY, sequence=7, address=64, value=16, payload=b"0123456789abcd~}")
LONGEST = Frame(opcode=Opcode.READ_MEMORY, sequence=8, payload=b"~" * 1024)
"""Every byte of the payload is escaped."""


def _pushed(stream, data, size):
    return [item for start in range(0, len(data), size) for item in stream.push(data[start:start + size])]


def test_frames_in_any_pieces():
    data, rng, stream, frames = encode(FRAME) + encode(LONGEST) + encode(FRAME)[1:], random.Random(1), FrameStream(), []
    while data:
        size = rng.choice((1, 2, 7, 500))
        frames += stream.push(data[:size])
        data = data[size:]
    assert frames == [FRAME, LONGEST, FRAME]


def test_the_longest_frame_is_one_and_a_longer_one_is_none():
    assert LONGEST_BYTES == 2084
    stream = FrameStream()
    assert _pushed(stream, encode(LONGEST), 100) == [LONGEST]
    for size in (1, 100, 1 << 20):
        error, frame = _pushed(stream, b"~\1\0" + b"A" * 2083 + encode(FRAME), size)
        assert isinstance(error, FrameError) and frame == FRAME
        assert str(error) == "Frame must have at most 2084 bytes between its delimiters"
    # As long as a frame may be, but none: its CRC is wrong.
    error, = stream.push(b"~\1\0" + b"A" * 2082 + b"~")
    assert str(error).startswith("CRC of the frame must be ")


def test_delimiters_are_nothing():
    assert _pushed(FrameStream(), b"~" * 10_000 + encode(FRAME) + b"~" * 10_000, 999) == [FRAME]


def test_rubbish_is_not_kept():
    """100 MB without a delimiter: not as much as 64 KB is held."""
    stream, block = FrameStream(), b"A" * 4096
    tracemalloc.start()
    try:
        for _ in range(100_000_000 // len(block)):
            assert stream.push(block) == []
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()
    assert stream.push(encode(FRAME)) == [FRAME]
    tracemalloc.start()
    try:
        assert stream.push(b"~\1\0") == []
        for _ in range(10_000_000 // len(block)):
            assert stream.push(block) == []
        assert tracemalloc.get_traced_memory()[1] < 1 << 16
    finally:
        tracemalloc.stop()
    error, frame = stream.push(encode(FRAME))
    assert isinstance(error, FrameError) and frame == FRAME


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("data, text", [
    (b"hello " + encode(FRAME) + b"world", b"hello world"),
    (b"a~b" + encode(FRAME) + b"~~" + encode(FRAME) + b"}~c", b"a~b~~}~c"),
    # A terminal that is interrupted right behind a frame.
    (encode(FRAME) + b"\3" + encode(FRAME), b"\3"),
    (encode(FRAME) + b"~\3x~" + encode(FRAME)[1:], b"~\3x"),
    # What is left of a frame whose beginning is damaged is text; what is left of its end is no answer.
    (encode(FRAME)[2:] + encode(FRAME), None),
])
def test_text_between_frames(data, text, size):
    shown = bytearray()
    assert set(_pushed(FrameStream(text=shown.extend), data, size)) == {FRAME}
    assert text is None or bytes(shown) == text
