"""The firmware's chat on this machine: the golden model in place of the accelerator."""

from collections import deque
import ctypes
from dataclasses import replace

from gateware.activity import Counter
from host.engine.model_engine import ModelEngine
from soc.cpu.map import AcceleratorRegister, ConsoleRegister, Region, TimerRegister, address
from soc.link.protocol import Register
from testing.native_firmware import NativeFirmware

__all__ = ["NativeChat"]

_CONSOLE = {address(Region.CONSOLE, register): register for register in ConsoleRegister}
_TIMER = {address(Region.TIMER, register): register for register in TimerRegister}
_ACCELERATOR = address(Region.ACCELERATOR)
_COUNTERS = address(Region.ACCELERATOR, AcceleratorRegister.COUNTER)
_LOOKS = 3
"""How often the accelerator is still busy when it is looked at."""


class NativeChat:
    """A board with a model in its DRAM, and a terminal.

    Parameters
    ----------
    image : host.image.image.Image
    packed : host.image.board_image.BoardImage
        Made of that.
    key, memory_bytes : int, optional
        Of the board, where they are not what the model needs.

    Attributes
    ----------
    dram : numpy.ndarray
        uint8.
    tokens : list of int
        In the context, by position.
    groups : list of (int, str)
        Programs that ran: of how many tokens, and which part.
    typed : collections.deque of int
        Bytes that the terminal has for the firmware.
    stuck : bool
        The accelerator never ends a program.
    """

    RATE, CYCLES, WORDS = 1_000_000, 1000, (600, 50)

    def __init__(self, image, packed, *, key=None, memory_bytes=None):
        self.dram = packed.memory()
        self.tokens, self.groups, self.typed, self.stuck = [], [], deque(), False
        self._shown = bytearray()
        self._engine = ModelEngine(replace(image, memory=self.dram[:image.header.image_bytes]))
        compiled, bus_bytes = image.compiled, image.header.bus_bits // 8
        self._programs = {place // bus_bytes: program for program, place in compiled.addresses.items()}
        key = image.header.image_key if key is None else key
        self._registers = {
            Register.CONFIG_LOW: key & 0xFFFFFFFF, Register.CONFIG_HIGH: key >> 32,
            Register.MEMORY_BYTES: self.dram.size if memory_bytes is None else memory_bytes}
        self._members, self._looks, self._time = {}, 0, 0
        # They begin again with 0 while the test runs.
        self._counters = {Counter.BUSY: -3 * self.CYCLES, Counter.READ_BEATS: -100, Counter.WRITE_BEATS: 0}
        self._firmware = NativeFirmware(read=self._read, write=self._write, dram=self.dram)
        self._library = self._firmware.library
        self._library.chat_forget()

    def say(self, line):
        """What is shown after a line (str) of a user: str."""
        return self._answer(self._library.chat_say, line)

    def run(self, line):
        """What a command answers: str."""
        return self._answer(self._library.monitor_run, line)

    def _answer(self, function, line):
        self._shown.clear()
        function(ctypes.create_string_buffer(line.encode()))
        return self._shown.decode().replace("\r\n", "\n")

    def _read(self, place):
        if place in _CONSOLE:
            if _CONSOLE[place] == ConsoleRegister.STATUS:
                return 1
            return 0x100 | self.typed.popleft() if self.typed else 0
        if place in _TIMER:
            if _TIMER[place] == TimerRegister.RATE:
                return self.RATE
            self._time += 10_000_000 if self.stuck else 10
            return self._time >> (32 if _TIMER[place] == TimerRegister.HIGH else 0) & 0xFFFFFFFF
        if place >= _COUNTERS:
            return self._counters[(place - _COUNTERS) // 4] & 0xFFFFFFFF
        register = (place - _ACCELERATOR) // 4
        if register == Register.BUSY:
            self._looks -= not self.stuck
            return self._looks > 0
        if register == Register.ARGMAX:
            return self._engine.choices[self._registers[Register.MEMBER]]
        return self._registers[register]

    def _write(self, place, value):
        if place in _CONSOLE:
            self._shown.append(value)
            return
        register = Register((place - _ACCELERATOR) // 4)
        if self._looks > 0:
            raise AssertionError(f"{register.name} is written while the accelerator is running")
        self._registers[register] = value
        if register == Register.TOKEN:
            self._members[self._registers[Register.MEMBER]] = value
        if register == Register.START:
            self._start()

    def _start(self):
        count, part = self._programs[self._registers[Register.PROGRAM]]
        position = self._registers[Register.POSITION]
        tokens = [self._members[member] for member in range(count)]
        self._engine.position, self._engine.choices = position, []
        self._engine.run(tokens, part, trace=None)
        self.tokens[position:] = tokens
        self.groups.append((count, str(part)))
        self._looks = _LOOKS
        self._counters[Counter.BUSY] += self.CYCLES
        for counter, words in zip((Counter.READ_BEATS, Counter.WRITE_BEATS), self.WORDS):
            self._counters[counter] += words
