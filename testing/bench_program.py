"""A program for a board's processor that does with its bus what a test tells it."""

from pathlib import Path

from flow.firmware import SOURCES, build_program
from flow.toolchain import Toolchain
from soc.cpu.microcontroller import PROGRAM_BYTES

__all__ = ["BenchTerminal", "bench_program"]

_SOURCE = Path(__file__).parents[1] / "tests" / "soc" / "programs" / "bench.c"
_LONGEST_SECONDS = 1.0
"""Of the simulated clock, for one command."""


def bench_program():
    """The program (bytes), for :class:`soc.computer.Computer`."""
    files = {name: (SOURCES / name).read_text() for name in (
        "start.S", "link.ld", "bus.h", "console.c", "console.h")} | {"main.c": _SOURCE.read_text()}
    return build_program("bench", files, toolchain=Toolchain(), memory_bytes=PROGRAM_BYTES).content


class BenchTerminal:
    """Somebody who types commands, while a host uses the same line.

    Attributes
    ----------
    client : host.transport.link_client.LinkClient
        Set it; its ``text`` is :meth:`show`.
    shown : bytearray
        All that the terminal has shown.
    """

    def __init__(self):
        self.client, self.shown = None, bytearray()

    def show(self, data):
        self.shown.extend(data)

    def begin(self, command):
        """Type a command (str), and do not wait for what comes of it."""
        self._start = len(self.shown)
        self.client.type_text(command.encode() + b"\r")

    def end(self, command):
        """Wait for the answer to the command that was typed: a number, or None."""
        echo = command.encode() + b"\r\n"
        seconds = 0.0
        while not self.shown[self._start:].endswith(b"\n> "):
            assert self.client.listen(0.01) or seconds < _LONGEST_SECONDS, bytes(self.shown[self._start:])
            seconds += 0.01
        answer = bytes(self.shown[self._start:])
        assert answer.startswith(echo), answer
        words = answer[len(echo):-len(b"> ")].split()
        return int(words[0], 16) if words else None

    def do(self, command):
        """A command, and its answer."""
        self.begin(command)
        return self.end(command)

    def read(self, address):
        return self.do(f"r {address:x}")

    def write(self, address, value):
        self.do(f"w {address:x} {value:x}")
