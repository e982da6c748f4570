"""Frames, damaged ones among them, while a terminal on the same line chats: nothing is lost on either side."""

import random

import numpy as np
import pytest

from host.transport.frame_stream import FrameStream
from host.transport.link_client import LinkClient
from soc.link.protocol import CODES, DELIMITER, Frame, Opcode, PAYLOAD_BYTES, Status, encode
from testing.shared_line import SimulatedSharedLine
from testing.simulated_transport import SimulatedTransport

BUS, TIMEOUT, DEPTH = 8, 2000, 1024
FRAMES, BATCH = 10_000, 20


@pytest.fixture
def make_line():
    """Function (**options) -> SimulatedSharedLine with a memory of random bytes; closed after the test."""
    lines = []

    def make(**options):
        content = np.random.default_rng(5).integers(0, 256, 1 << 16, np.uint8)
        lines.append(SimulatedSharedLine(content, bus_bits=8 * BUS, timeout=TIMEOUT, depth=DEPTH, **options))
        return lines[-1]

    yield make
    for line in lines:
        line.close()


def _send(line, data, stream):
    """Send bytes, wait until all is said and the board has found that nothing follows; returns the frames that came."""
    frames = []
    while True:
        taken, received = line.exchange(data, cycles=10_000_000, quiet=64)
        frames += stream.push(received)
        data = data[taken:]
        if not data:
            stream.silence()
            return frames


def _damaged(rng, wire):
    """A frame on a bad line: with wrong bits, cut, with bytes lost or too many."""
    data, at = bytearray(wire), rng.randrange(len(wire))
    kind = rng.randrange(6)
    if kind < 3:
        for _ in range(rng.choice([1, 1, 2, 5, 40])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at:at + rng.randrange(1, 4)]
    else:
        data[at:at] = rng.randbytes(rng.randrange(1, 4))
    return bytes(data)


@pytest.mark.parametrize("options", [{}, dict(link_stalls=0.4, seed=3)], ids=["straight", "stalls"])
def test_damaged_frames_while_the_terminal_chats(make_line, options):
    """Every good frame behind any number of damaged ones is carried out; every line that is typed comes back whole.

    The board does with every byte what the host would do with it: the terminal has all that is text to `FrameStream`,
    what is left of damaged frames among it.
    """
    line, rng, note = make_line(**options), random.Random(21), "seed 21"
    shown, taken_for_text = bytearray(), bytearray()
    stream, model = FrameStream(text=shown.extend), FrameStream(text=taken_for_text.extend)
    expected, sent, answers = 100, 0, []
    assert [answer.status for answer in _send(line, encode(Frame(opcode=Opcode.CONNECT, sequence=99)), stream)] == [0]
    while sent < (FRAMES if not options else FRAMES // 10):
        rubbish = b""
        for _ in range(rng.randrange(BATCH)):
            request = Frame(opcode=Opcode.WRITE_MEMORY, sequence=rng.randrange(1 << 16),
                            address=BUS * rng.randrange(99), payload=rng.randbytes(BUS * rng.randrange(1, 9)))
            rubbish += _damaged(rng, encode(request))
            sent += 1
        # A frame by accident must not be one that is in order.
        whole = [frame for frame in FrameStream().push(rubbish + bytes([DELIMITER])) if isinstance(frame, Frame)]
        if any(frame.sequence in range(expected, expected + 3) for frame in whole):
            continue
        before, typed = len(shown), b"line %d, with ~ and }\r" % sent
        if rng.random() < 0.5:
            # Somebody types a moment later, whatever has happened to the frame before.
            for data in rubbish, typed:
                answers += _send(line, data, stream)
                model.push(data)
                model.silence()
            assert typed in bytes(shown[before:]), note
            rubbish = b""
        # Good frames at once, with text between them.
        data = rng.randbytes(PAYLOAD_BYTES // 8)
        good = [Frame(opcode=Opcode.WRITE_MEMORY, sequence=expected, address=4096, payload=data),
                Frame(opcode=Opcode.READ_MEMORY, sequence=expected + 1, address=4096, value=len(data)),
                Frame(opcode=Opcode.READ_REGISTER, sequence=expected + 2, address=6)]
        wire = rubbish + encode(good[0]) + typed + encode(good[1]) + typed + encode(good[2]) + typed
        came = _send(line, wire, stream)
        model.push(wire)
        model.silence()
        positive = [answer for answer in came if isinstance(answer, Frame) and answer.status == Status.OK]
        assert [answer.sequence for answer in positive] == [expected, expected + 1, expected + 2], note
        assert positive[1].payload == data, note
        answers += [answer for answer in came if answer not in positive]
        expected = (expected + 3) % 60_000
        if not expected or expected > 59_000:
            connect = encode(Frame(opcode=Opcode.CONNECT, sequence=99))
            _send(line, connect, stream)
            model.push(connect)
            expected = 100
        assert bytes(shown[before:]).count(typed) >= 3, note
        assert shown == bytes(byte for byte in taken_for_text if byte >= CODES), note
    assert {type(answer) for answer in answers} == {Frame}
    assert {answer.status for answer in answers} == {Status.DAMAGED, Status.ORDER}
    assert len(answers) > (FRAMES // 3 if not options else FRAMES // 30)


def test_a_terminal_that_does_not_read_stops_nobody(make_line):
    line, shown = make_line(), bytearray()
    client = LinkClient(SimulatedTransport(line), timeout=0.01, text=shown.extend)
    line.echo = False
    data = random.Random(2).randbytes(2048)
    client.type_text(b"x" * 3 * DEPTH)
    client.write_memory(0, data)
    assert client.read_memory(0, len(data)) == data and client.troubles == 0 and not shown
    line.echo = True
    client.read_registers(0)
    client.type_text(b"!")
    client.read_registers(0)
    assert shown.rstrip(b"!") == b"x" * len(shown.rstrip(b"!")) and DEPTH <= len(shown) < DEPTH + 16


def test_a_typed_tilde_comes_after_a_moment(make_line):
    line, shown = make_line(), bytearray()
    stream = FrameStream(text=shown.extend)
    start = line.cycle
    _send(line, b"~", stream)
    assert TIMEOUT <= line.cycle - start < TIMEOUT + 100 and shown == b"~"
    start = line.cycle
    _send(line, b"~/", stream)
    assert line.cycle - start < 100 and shown == b"~~/"
