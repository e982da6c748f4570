"""The processor with its memory and its terminal."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from soc.cpu.bus import ProcessorBus
from soc.cpu.bus_register import BusRegister
from soc.cpu.console import Console
from soc.cpu.decoder import BusDecoder
from soc.cpu.map import ConsoleDataBit, ConsoleRegister, Region
from soc.cpu.processor import Processor
from soc.cpu.program_memory import ProgramMemory
from soc.cpu.timer import Timer

__all__ = ["Microcontroller", "PROGRAM_BYTES"]

PROGRAM_BYTES = 1 << 16
"""Program memory: 32 block RAMs of an ECP5."""


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
    others : iterable of Region
        What else lies on the bus, behind registers: an access to it takes two cycles more than it needs by itself.

    Members
    -------
    typed : In(stream of 8)
    shown : Out(stream of 8)
    stopped : Out(1)
        See :class:`Processor`.
    dram, ... : Out(ProcessorBus)
        One for each of ``others``, with its name in lower case.
    waits : Out(1)
        Only with ``others``: the latest that the program has done with its terminal was to look for a byte that was not
        there.
    """

    def __init__(self, *, program, clock_hz, size=PROGRAM_BYTES, others=()):
        self._clock_hz = clock_hz
        self._memory = ProgramMemory(size=size, content=program)
        self._others = tuple(others)
        super().__init__({
            "typed": In(stream.Signature(8)),
            "shown": Out(stream.Signature(8)),
            "stopped": Out(1),
        } | {region.name.lower(): Out(ProcessorBus) for region in self._others}
            | ({"waits": Out(1)} if self._others else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = Processor()
        m.submodules.decoder = decoder = BusDecoder(
            regions=(Region.MEMORY, Region.CONSOLE, Region.TIMER), rest=bool(self._others))
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
        if self._others:
            self._join_others(m, decoder)
            looks = ~console.bus.strobes.any() & (console.bus.address[:4] == ConsoleRegister.DATA)
            with m.If(console.bus.valid):
                m.d.sync += self.waits.eq(looks & ~console.bus.read_data[ConsoleDataBit.TYPED])
        return m

    def _join_others(self, m, decoder):
        """What lies further away, behind registers."""
        m.submodules.register = register = BusRegister()
        m.submodules.other_decoder = others = BusDecoder(regions=self._others)
        connect(m, decoder.rest, register.bus)
        connect(m, register.target, others.bus)
        for region in self._others:
            name = region.name.lower()
            connect(m, getattr(others, name), flipped(getattr(self, name)))
