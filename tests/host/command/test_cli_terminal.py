"""`celosia chat --port`: the board's own chat, with a firmware of a few lines behind a pseudo-terminal."""

import io
import os
import pty
import select
import termios
import threading
import tty
import types

import pytest

from host.console import line_terminal
from host.transport.serial_transport import SerialTransport


class Firmware:
    """Shows what is typed, answers a line with its letters turned round, and has a prompt; loses what comes meanwhile.
    """

    def __init__(self, *, silent=False):
        self._here, self._there = pty.openpty()
        tty.setraw(self._there)
        self.path, self._silent = os.ttyname(self._there), silent
        self.lines, self._ends = [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        line = b""
        while not self._ends.is_set():
            if not select.select([self._here], [], [], 0.01)[0]:
                continue
            for byte in os.read(self._here, 256) if not self._silent else b"":
                if byte != 13:
                    line += bytes([byte])
                    os.write(self._here, bytes([byte]))
                    continue
                self.lines.append(line)
                answer = line[::-1] + b"\r\n" if line else b""
                os.write(self._here, b"\r\n" + answer[:2])
                self._ends.wait(0.05)
                if select.select([self._here], [], [], 0)[0]:
                    os.read(self._here, 256)
                os.write(self._here, answer[2:] + b"> ")
                line = b""

    def close(self):
        self._ends.set()
        self._thread.join()
        os.close(self._here)
        os.close(self._there)


@pytest.fixture
def firmware():
    """Function (**options) -> `Firmware`."""
    made = []

    def make(**options):
        made.append(Firmware(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def typed(monkeypatch, content):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))


def test_lines(celosia, firmware, monkeypatch):
    """The next one is sent when the last one is answered; nothing is lost."""
    board = firmware()
    typed(monkeypatch, b"hello\r\nyou\n\nlast")
    status, out, err = celosia("chat", "--port", board.path)
    assert (status, out.decode(), err) == (
        0, "\n> hello\nolleh\n> you\nuoy\n> \n> last\ntsal\n> \n", "")
    assert board.lines == [b"", b"hello", b"you", b"", b"last"]


def test_keys(celosia, firmware, monkeypatch):
    """On a terminal they go to the board one by one, control-C as well; control-] leaves the terminal as it was."""
    board = firmware()
    here, there = pty.openpty()
    before = termios.tcgetattr(there)
    monkeypatch.setattr("sys.stdin", os.fdopen(there, "r", closefd=False))
    keys = iter([b"a\3", b"b\r", b"\x1d"])

    def read(transport, timeout, shown=bytearray()):
        shown += original(transport, timeout)
        if any(shown.endswith(end) for end in (b"\r\n> ", b"a\3")) and len(shown) != read.seen:
            read.seen = len(shown)
            os.write(here, next(keys))
        return b""

    original, read.seen = SerialTransport.read, 0
    monkeypatch.setattr(SerialTransport, "read", read)
    assert celosia("chat", "--port", board.path) == (0, b"", "")
    assert board.lines == [b"", b"a\3b"]
    assert termios.tcgetattr(there) == before
    os.close(here)
    os.close(there)


def test_no_prompt(refused, firmware, monkeypatch):
    board = firmware(silent=True)
    typed(monkeypatch, b"hello\n")
    monkeypatch.setattr(line_terminal.LineTerminal.__init__, "__kwdefaults__", {"prompt_seconds": 0.1})
    assert refused("chat", "--port", board.path).startswith(f"{board.path}: the board shows no prompt for 0.1 s: is it")


@pytest.mark.parametrize("options", [("--temperature", "1"), ("--no-think",), ("--kv", "8"), ("--template", "chatml")])
def test_no_other_options(refused, options):
    assert refused("chat", "--port", "/dev/null", *options) == (
        "the board's own chat has no options but --port: its model has its settings, and /help prints what changes "
        "them")


def test_no_port(refused):
    assert refused("chat", "--port", "/nowhere/tty").startswith("port /nowhere/tty cannot be opened: ")
