"""Ports behind which there is no board, or one that says what no board says: one line, and soon."""

import os
import pty
import re
import threading
import time
import tty

import pytest

from host.transport.link_client import LinkClient
from host.transport.link_error import LinkError
from host.transport.serial_transport import SerialTransport
from host.transport.transport import Transport
from soc.link.protocol import DELIMITER, Frame, Opcode, Register, decode, encode

HINT = (r"; is it the port of a board whose bitstream is loaded, at 3,000,000 baud\? "
        r"USB serial ports here: /dev/ttyUSB0 \(GNSS receiver\)")


class _Port:
    description = "GNSS receiver"

    def __init__(self, device, vid):
        self.device, self.vid = device, vid

    def __lt__(self, other):
        return self.device < other.device


@pytest.fixture
def port(monkeypatch):
    """Function (talk) -> path of a pseudo-terminal at whose other end ``talk(descriptor)`` is called again and
    again."""
    monkeypatch.setattr("serial.tools.list_ports.comports",
                        lambda: [_Port("/dev/ttyUSB0", 0x1546), _Port("/dev/ttyS0", None)])
    stop, ends, threads = threading.Event(), [], []

    def start(talk):
        here, there = pty.openpty()
        tty.setraw(there)
        os.set_blocking(here, False)
        ends.extend((here, there))

        def run():
            while not stop.is_set():
                try:
                    talk(here)
                except BlockingIOError:
                    time.sleep(0.001)
        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return os.ttyname(there)

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    for end in ends:
        os.close(end)


def _slowly(descriptor):
    os.write(descriptor, b"A")
    time.sleep(0.5)


def _console(descriptor):
    os.read(descriptor, 1)
    os.write(descriptor, b"login: ")


@pytest.mark.parametrize("talk, came, options", [
    (lambda descriptor: time.sleep(0.01), "nothing", {}),
    (lambda descriptor: os.write(descriptor, b"A" * 4096),
     r"[\d,]{5,} bytes that begin with b'AAAAAAAA', with no frames,", {}),
    (lambda descriptor: os.write(descriptor, b"~" * 4096),
     r"[\d,]{5,} bytes that begin with b'~~~~~~~~', with no frames,", {"contact": 1.0}),
    (_slowly, r"\d+ bytes that begin with b'A+', with no frames,", {"contact": 1.0}),
    (_console, r"[\d,]+ bytes that begin with b'login: l?', with no frames,", {"contact": 1.0}),
], ids=["silence", "letters", "delimiters", "slowly", "console"])
def test_who_is_no_board_is_named_within_five_seconds(port, talk, came, options):
    path = port(talk)
    start = time.monotonic()
    with SerialTransport(path) as transport, pytest.raises(
            LinkError, match=f"^{path}: no board answers: {came} came within {options.get('contact', 4.5):g} s{HINT}$"):
        LinkClient(transport, **options).read_registers(Register.VERSION)
    assert options.get("contact", 4.5) - 0.5 < time.monotonic() - start < 5


class _Board(Transport):
    """Answers at once, what ``answer(request)`` (a list of frames) says; time passes only while nothing comes."""

    name = "fake"

    def __init__(self, answer):
        self._answer, self._arrived, self._leaving, self._seconds = answer, b"", b"", 0.0
        self.requests = []

    def clock(self):
        return self._seconds

    def write(self, data):
        *parts, self._arrived = (self._arrived + data).split(bytes([DELIMITER]))
        for request in map(decode, filter(None, parts)):
            self.requests.append(request)
            self._leaving += b"".join(map(encode, self._answer(request)))

    def read(self, timeout):
        data, self._leaving = self._leaving, b""
        self._seconds += 0 if data else timeout
        return data


def _changed(opcode, **changes):
    """A board that echoes, its answers to one opcode apart."""
    def answer(request):
        values = vars(request) | (changes if request.opcode == opcode else {})
        return [Frame(**values)]
    return _Board(answer)


def test_three_attempts_at_who_says_nothing():
    board = _Board(lambda request: [])
    with pytest.raises(LinkError, match=r"^fake: no board answers: nothing came within 4.5 s; "
                                        r"is its bitstream loaded\?$"):
        LinkClient(board).read_registers(0)
    assert [request.opcode for request in board.requests] == [Opcode.CONNECT] * 3
    assert board.clock() == pytest.approx(4.5)


def test_frames_that_are_no_answer():
    board = _changed(Opcode.CONNECT, value=1)
    with pytest.raises(LinkError, match=r"^fake: no board answers: 6\d bytes that begin with b'~.*', with 3 frames, "
                                        r"came within 4.5 s; is its bitstream loaded\?$"):
        LinkClient(board).read_registers(0)


def test_a_board_that_falls_silent_gets_all_attempts():
    """Once it has answered it is a board, and the line may be a bad one."""
    board = _Board(lambda request: [request] if request.opcode == Opcode.CONNECT else [])
    with pytest.raises(LinkError, match=r"^fake: no answer, 4 times in a row$"):
        LinkClient(board, attempts=3).read_registers(0)


class _Dripping(_Board):
    """Never quiet, never done: a byte in each second."""

    def read(self, timeout):
        if data := super().read(0):
            return data
        self._seconds += min(timeout, 1)
        return b"A"


def test_an_answer_that_never_ends():
    board = _Dripping(lambda request: [request] if request.opcode == Opcode.CONNECT else [])
    with pytest.raises(LinkError, match=r"^fake: no answer, 4 times in a row$"):
        LinkClient(board, attempts=3, timeout=2.0).read_registers(0)
    # Each time until a frame must be complete: four timeouts.
    assert board.clock() == pytest.approx(4 * 8, abs=4)


@pytest.mark.parametrize("opcode, changes, message", [
    (Opcode.READ_REGISTER, {"status": 99}, "no answer, 21 times in a row"),
    (Opcode.READ_REGISTER, {"status": 4}, "the board refuses READ_REGISTER of 0x7: UNKNOWN"),
    (Opcode.READ_REGISTER, {"payload": b"abc"}, "the board answers READ_REGISTER of 0x7 with 3 bytes, not 0"),
    (Opcode.READ_MEMORY, {"payload": b"abc"}, "the board answers READ_MEMORY of 0x40 with 3 bytes, not 16"),
    (Opcode.READ_MEMORY, {"payload": b"a" * 17}, "the board answers READ_MEMORY of 0x40 with 17 bytes, not 16"),
])
def test_answers_that_cannot_be(opcode, changes, message):
    client = LinkClient(_changed(opcode, **changes))
    with pytest.raises(LinkError, match=f"^fake: {re.escape(message)}$"):
        client.read_registers(Register.ARGMAX)
        client.read_memory(64, 16)
