"""The firmware's C with a terminal in Python."""

import ctypes
from collections import deque

import pytest

from soc.cpu.map import ConsoleRegister, Region, address
from testing.native_firmware import NativeFirmware

DATA, STATUS = (address(Region.CONSOLE, register) for register in (ConsoleRegister.DATA, ConsoleRegister.STATUS))


class Console:
    """Registers of the console, of which every third look finds nothing typed and no room; other addresses read as
    what `memory` says."""

    def __init__(self):
        self.typed, self.shown, self.memory, self.looks = deque(), bytearray(), {}, 0
        self._firmware = NativeFirmware(read=self._read, write=self._write)
        self.library = self._firmware.library

    def _read(self, place):
        self.looks += 1
        busy = self.looks % 3 == 0
        if place == DATA:
            return 0 if busy else 0x100 | self.typed.popleft()
        if place == STATUS:
            return 0xFFFFFFFE | (not busy)
        return self.memory[place]

    def _write(self, place, value):
        assert place == DATA
        self.shown.append(value)

    def line(self, typed, size=256):
        """What `console_line` makes of some bytes, and what it shows."""
        self.typed.extend(typed)
        self.shown.clear()
        buffer = ctypes.create_string_buffer(size)
        length = self.library.console_line(buffer, size)
        assert length == len(buffer.value)
        return buffer.value, bytes(self.shown)

    def run(self, line):
        """What `monitor_run` answers to a line, with the newlines of a text."""
        self.shown.clear()
        self.library.monitor_run(ctypes.create_string_buffer(line.encode()))
        return bytes(self.shown).replace(b"\r\n", b"\n").decode()


@pytest.fixture(scope="module")
def console():
    """A `Console`."""
    return Console()
