"""What the tops of boards have in common whose FPGA has the DRAM at its own pins."""

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io
from amaranth.lib.wiring import connect

from boards.activity_light import ActivityLight
from boards.card_slot import CardSlot
from soc.cpu.map import Region
from soc.sd.host import SdHost
from soc.serial_system import SerialSystem

__all__ = ["BoardTop", "serial_divisor"]

BAUD = 3_000_000
_TOLERANCE = 0.015
"""Of a bit of the serial line; receivers bear three times that."""


class BoardTop(Elaboratable):
    """Accelerator, serial link, controller and PHY of the DRAM, clocks: the whole of the FPGA.

    ::

        oscillator --> clocks --> sync and what the PHY needs

        uart <--> SerialSystem --> controller --> PHY <--> pins of the DRAM
                       '--------------'--> lights

    A kind of DRAM has its own ``clocks`` and ``dram``, a board its ``INPUT``, ``lights`` and ``constants``.

    Parameters
    ----------
    config : gateware.config.Config
    memory : soc.dram.memory.Memory
        Its clock is that of the design.
    program : bytes
        Of a processor (`flow.firmware`): then the system is a :class:`soc.computer.Computer`. Default: none.

    Attributes
    ----------
    trained : bool
        Whether the delays of the PHY are trained, or need not be.
    asynchronous : dict of (str, str) to str
        Clocks between which paths may take any time, and why: see `flow.crossings.judge_crossings`.

    Raises
    ------
    ValueError
        If the clock cannot be made, or the link's baud rate cannot be made of it.
    """

    INPUT = None
    """Name of the oscillator's resource, and its Hz."""
    trained = True
    slot = False
    """Whether there is a slot for SD cards: the platform then has a resource ``card`` (`boards.card_slot`)."""
    asynchronous = {}

    def __init__(self, config, *, memory, program=None):
        self._config, self._memory, self._program = config, memory, program
        self._divisor = serial_divisor(memory.clock_hz)
        self._clocks = self.clocks(memory.clock_hz)

    def clocks(self, clock_hz):
        """What makes the clocks of the oscillator's: a component with ``clk_in``, its ``pll``, and a method ``define``,
        which defines their domains in the module of the whole design."""
        raise NotImplementedError(f"{type(self).__name__} must define clocks()")

    def dram(self, m, platform, clocks):
        """Add controller, PHY and pins of the DRAM.

        Returns
        -------
        soc.dram.controller.DramController
        """
        raise NotImplementedError(f"{type(self).__name__} must define dram()")

    def peripherals(self):
        """What else lies on the processor's bus of this board: see :class:`soc.computer.Computer`. Their members are
        those of ``system``, which `dram` may use."""
        reads_cards = self.slot and self._program is not None
        return {Region.SD: SdHost(bus_bits=self._config.memory.bus_bits)} if reads_cards else {}

    def lights(self, platform):
        """Ports of the lights by what they show.

        ``ready``: the DRAM is up; ``busy``: a program runs; ``active``: a request is in progress; ``accepted``,
        ``refused``: one has been; ``dropped``: a byte was lost; ``trouble``: one of the last two; ``locked``: the
        PLL is.
        """
        raise NotImplementedError(f"{type(self).__name__} must define lights()")

    def constants(self, platform):
        """Ports that are held at a level, with the level."""
        return []

    def elaborate(self, platform):
        m = Module()
        m.submodules.clocks = clocks = self._clocks
        clocks.define(m)
        m.submodules.clk_buffer = clock = io.Buffer("i", platform.request(self.INPUT[0], dir="-"))
        m.d.comb += clocks.clk_in.eq(clock.i)

        m.submodules.system = system = SerialSystem(
            self._config, memory_bytes=self._memory.bytes, divisor=self._divisor, program=self._program,
            clock_hz=self._memory.clock_hz, peripherals=self.peripherals())
        controller = self.dram(m, platform, clocks)
        connect(m, system.memory, controller.memory)
        if self._program is not None:
            m.d.comb += system.dram_ready.eq(controller.ready)
        if "card" in system.signature.members:
            m.submodules.slot = slot = CardSlot(platform.request("card", dir="-"))
            connect(m, system.card, slot.card)

        uart = platform.request("uart", dir="-")
        m.submodules.uart_rx = uart_rx = io.Buffer("i", uart.rx)
        m.submodules.uart_tx = uart_tx = io.Buffer("o", uart.tx)
        m.d.comb += [system.rx.eq(uart_rx.i), uart_tx.o.eq(system.tx)]
        events = {"ready": controller.ready, "busy": system.busy, "active": system.active, "accepted": system.accepted,
                  "refused": system.refused, "dropped": system.dropped, "trouble": system.refused | system.dropped,
                  "locked": clocks.pll.locked}
        for name, port in self.lights(platform).items():
            m.submodules[f"light_{name}"] = light = ActivityLight()
            m.submodules[f"light_{name}_pin"] = pin = io.Buffer("o", port)
            m.d.comb += [light.event.eq(events[name]), pin.o.eq(light.light)]
        for number, (port, level) in enumerate(self.constants(platform)):
            m.submodules[f"constant_{number}"] = pin = io.Buffer("o", port)
            m.d.comb += pin.o.eq(level)
        return m


def serial_divisor(clock_hz, baud=BAUD):
    """Cycles of a bit of the serial line.

    Parameters
    ----------
    clock_hz, baud : float

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no whole number is within 1.5 % of the rate.
    """
    divisor = round(clock_hz / baud)
    if not divisor or abs(clock_hz / divisor / baud - 1) > _TOLERANCE:
        raise ValueError(f"Clock must be a multiple of {baud / 1e6:g} MHz, within {_TOLERANCE:.1%}, "
                         f"not {clock_hz / 1e6:g} MHz")
    return divisor
