"""Frames out of whatever arrives: in any pieces, behind any rubbish, in bounded memory."""

import random
import tracemalloc

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
        error, frame = _pushed(stream, b"~" + b"A" * 2085 + encode(FRAME), size)
        assert isinstance(error, FrameError) and frame == FRAME
        assert str(error) == "Frame must have at most 2084 bytes between its delimiters"
    # As long as a frame may be, but none: its CRC is wrong.
    error, = stream.push(b"~" + b"A" * 2084 + b"~")
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
    error, frame = stream.push(encode(FRAME))
    assert isinstance(error, FrameError) and frame == FRAME
