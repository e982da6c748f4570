"""The processor with its memory and its terminal."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from soc.cpu.console import Console
from soc.cpu.decoder import BusDecoder
from soc.cpu.map import Region
from soc.cpu.processor import Processor
from soc.cpu.program_memory import ProgramMemory
from soc.cpu.timer import Timer

__all__ = ["Microcontroller", "PROGRAM_BYTES"]

PROGRAM_BYTES = 1 << 15
"""Program memory: 16 block RAMs of an ECP5."""


class Microcontroller(wiring.Component):
    """A processor that runs a program and talks on a terminal.

    Parameters
    ----------
    program : bytes
        From address 0 on; see :mod:`flow.firmware`.
    clock_hz : float
        Cycles per second, as the timer tells them.
    size : int
        Bytes of the program memory.

    Members
    -------
    typed : In(stream of 8)
    shown : Out(stream of 8)
        See :class:`Console`.
    stopped : Out(1)
        See :class:`Processor`.
    """

    typed: In(stream.Signature(8))
    shown: Out(stream.Signature(8))
    stopped: Out(1)

    def __init__(self, *, program, clock_hz, size=PROGRAM_BYTES):
        self._clock_hz = clock_hz
        self._memory = ProgramMemory(size=size, content=program)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = Processor()
        m.submodules.decoder = decoder = BusDecoder(regions=(Region.MEMORY, Region.CONSOLE, Region.TIMER))
        m.submodules.memory = self._memory
        m.submodules.console = console = Console()
        m.submodules.timer = timer = Timer(clock_hz=self._clock_hz)
        connect(m, processor.bus, decoder.bus)
        connect(m, decoder.memory, self._memory.bus)
        connect(m, decoder.console, console.bus)
        connect(m, decoder.timer, timer.bus)
        connect(m, flipped(self.typed), console.typed)
        connect(m, console.shown, flipped(self.shown))
        m.d.comb += self.stopped.eq(processor.stopped)
        return m
