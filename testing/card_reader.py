"""An SD card, its reader and DRAM, simulated, under the firmware's C on this machine."""

from collections import deque
import ctypes

import numpy as np

import gateware
import sim
import soc
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.sd_card import SdCard
from soc.cpu.map import AcceleratorRegister, ConsoleRegister, Region, SdRegister, TimerRegister, address
from soc.link.protocol import Register
from soc.sd.host import SdHost
from testing.native_firmware import NativeFirmware

__all__ = ["CardReader"]


class CardReader:
    """Functions of ``firmware/sd.c`` on the compiled :class:`soc.sd.host.SdHost`.

    Between two accesses to the bus some cycles pass, as they do for the board's processor.

    Parameters
    ----------
    content : numpy.ndarray
        Of the card.
    clock_hz : float
    haste : int
        Half a millisecond after the begin of a call seconds pass so many times as fast for the firmware, so that what
        takes a second to give up does not here.
    dram_bytes : int
    stall_probability : float
        Of the memory.
    registers : dict of soc.link.protocol.Register to int
        What the accelerator's registers say; it does not run.
    **card
        Options of :class:`sim.sd_card.SdCard`.

    Attributes
    ----------
    card : sim.sd_card.SdCard
    dram : numpy.ndarray
        uint8: the content of the memory.
    shown : bytearray
        What the firmware has said on the terminal.
    typed : collections.deque of int
        Bytes that the terminal has for it.
    """

    CYCLES_PER_ACCESS = 15
    BUS_BITS = 64

    def __init__(self, content, *, clock_hz=100e6, haste=1, dram_bytes=1 << 20, stall_probability=0.0, seed=0,
                 registers=None, **card):
        self.card = SdCard(content, clock_hz=clock_hz, seed=seed, **card)
        memory = Dram(np.zeros(dram_bytes, np.uint8), bus_bits=self.BUS_BITS, stall_probability=stall_probability,
                      seed=seed)
        self.dram = memory.content
        library = compile_design(lambda: SdHost(bus_bits=self.BUS_BITS), name="sd-host",
                                 key=source_key(gateware, soc, sim, parameters=[self.BUS_BITS]))
        self._sim = CompiledSimulation(library, dram=memory, card=self.card)
        self._rate, self._haste = round(clock_hz), haste
        self.shown, self.typed = bytearray(), deque()
        registers = {Register.BUSY: 0, Register.TOKEN_BOUND: 0} | (registers or {})
        self._registers = {address(Region.ACCELERATOR, 4 * register): value for register, value in registers.items()}
        self._registers[address(Region.ACCELERATOR, AcceleratorRegister.OWN)] = 0
        self._firmware = NativeFirmware(read=self._read, write=self._write, dram=self.dram).library
        for name in ("sd_text", "card_open", "card_load"):
            getattr(self._firmware, name).restype = ctypes.c_char_p
        #: Function of the firmware's time that is called before each access, to pull the card at a moment.
        self.on_access = lambda cycle: None

    @property
    def cycle(self):
        """Cycles since the start."""
        return self._sim.cycle

    def start(self):
        """``sd_start``; what it returns (int)."""
        return self._call(self._firmware.sd_start)

    def read(self, block, count, place):
        """``sd_read``; what it returns (int)."""
        return self._call(self._firmware.sd_read, block, count, place)

    def open(self, magic, scratch):
        """``card_open``; the bytes of the model (int), or what is wrong (str)."""
        size = ctypes.c_uint32()
        error = self._call(self._firmware.card_open, magic, scratch, ctypes.byref(size))
        return size.value if error is None else error.decode()

    def load(self, offset, size, place):
        """``card_load``; what is wrong (str), or None."""
        error = self._call(self._firmware.card_load, offset, size, place)
        return error and error.decode()

    def begin_sum(self):
        """``sd_sum_begin``."""
        self._call(self._firmware.sd_sum_begin)

    def sum(self):
        """``sd_sum`` (int)."""
        return self._call(self._firmware.sd_sum) & 0xFFFFFFFF

    def run(self, line):
        """``monitor_run``; what is shown (str)."""
        self.shown.clear()
        self._call(self._firmware.chat_forget)
        self._call(self._firmware.monitor_run, ctypes.create_string_buffer(line.encode()))
        return self.shown.decode().replace("\r\n", "\n")

    def text(self, result):
        """``sd_text`` (str)."""
        return self._firmware.sd_text(result).decode()

    def close(self):
        """Free the memory of the simulation."""
        self._sim.close()

    def _call(self, function, *arguments):
        self._begin = self._sim.cycle
        return function(*arguments)

    def _access(self, place, strobes, data):
        self.on_access(self._sim.cycle)
        self._sim.run(self.CYCLES_PER_ACCESS)
        for name, value in (("address", place), ("strobes", strobes), ("write_data", data), ("valid", 1)):
            self._sim.set(f"bus__{name}", value)
        assert self._sim.get("bus__ready")
        value = self._sim.get("bus__read_data")
        self._sim.run(1)
        self._sim.set("bus__valid", 0)
        return value

    def _read(self, place):
        if place == address(Region.TIMER, TimerRegister.LOW):
            self._sim.run(self.CYCLES_PER_ACCESS)
            now = self._sim.cycle
            return now + max(now - self._begin - self._rate // 2000, 0) * (self._haste - 1) & 0xFFFFFFFF
        if place == address(Region.TIMER, TimerRegister.HIGH):
            return 0
        if place == address(Region.TIMER, TimerRegister.RATE):
            return self._rate
        if place == address(Region.CONSOLE, ConsoleRegister.STATUS):
            return 1
        if place == address(Region.CONSOLE, ConsoleRegister.DATA):
            return 0x100 | self.typed.popleft() if self.typed else 0
        if place in self._registers:
            return self._registers[place]
        assert place in {address(Region.SD, register) for register in SdRegister}, f"read of {place:#x}"
        return self._access(place, 0, 0)

    def _write(self, place, value):
        if place == address(Region.CONSOLE, ConsoleRegister.DATA):
            self.shown.append(value)
            return
        if place in self._registers:
            self._registers[place] = value
            return
        if place == address(Region.ACCELERATOR, AcceleratorRegister.WINDOW_FLUSH):
            return
        assert place in {address(Region.SD, register) for register in SdRegister}, f"write to {place:#x}"
        self._access(place, 15, value)
