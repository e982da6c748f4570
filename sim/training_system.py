"""A DDR3 behind the pins of its PHY, simulated, with the firmware that trains it running on this machine."""

from dataclasses import replace

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped
import numpy as np

import gateware
import sim
import soc
from sim.burst_check import BurstCheck
from sim.bus_master import BusMaster
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.pins import Ddr3Board, Ddr3Pins
from soc.cpu.bus import ProcessorBus
from soc.cpu.control_port import ControlPort
from soc.cpu.decoder import BusDecoder
from soc.cpu.map import ControllerRegister, Region, address
from soc.cpu.timer import Timer
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.ports import pass_through

__all__ = ["TrainingSystem"]

BUS_BITS = 128
LENGTH, BURSTS = 32, 64
_LONGEST_START, _LONGEST_CHECK = 1 << 20, 1 << 18


class _Design(wiring.Component):
    """Controller, timer and a check of the DRAM, on a bus whose processor is elsewhere."""

    _PASSED = ("start", "seed", "wrong", "done")

    def __init__(self, core, words, clock_hz):
        self._clock_hz = clock_hz
        self._controller = DramController(core=core, bus_bits=BUS_BITS, trained=True)
        self._check = BurstCheck(bus_bits=BUS_BITS, length=LENGTH, bursts=BURSTS, size=words)
        self._core = core
        self._pins = [name for name, _, _ in core.signals]
        super().__init__(
            {"bus": In(ProcessorBus), "started": Out(1), "ready": Out(1)}
            | {name: self._check.signature.members[name] for name in self._PASSED}
            | {name: self._controller.signature.members[name] for name in self._pins})

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = self._controller
        m.submodules.check = check = self._check
        m.submodules.decoder = decoder = BusDecoder(regions=(Region.TIMER, Region.CONTROLLER))
        m.submodules.timer = timer = Timer(clock_hz=self._clock_hz)
        m.submodules.port = port = ControlPort(address_bits=self._core.csr_address_bits)
        connect(m, flipped(self.bus), decoder.bus)
        connect(m, decoder.timer, timer.bus)
        connect(m, decoder.controller, port.bus)
        connect(m, port.control, controller.control)
        connect(m, check.memory, controller.memory)
        pass_through(m, self, check, self._PASSED)
        pass_through(m, self, controller, self._pins)
        m.d.comb += [self.started.eq(controller.control.started), self.ready.eq(controller.ready)]
        return m


class TrainingSystem:
    """The controller of a DDR3 with its PHY as RTL, a model of what lies behind, and a bus for C on this machine.

    When this returns, the controller has set the mode registers, and waits for somebody to train its PHY.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
        With ``ECP5DDRPHY`` or ``A7DDRPHY``.
    board : sim.pins.Ddr3Board
    patient : bool
        The device needs no REFRESH, and nothing waits for one: for software that forgets them.

    Attributes
    ----------
    core : soc.dram.core.ControllerCore
    pins : sim.pins.Ddr3Pins
        Its ``board`` may be changed.
    bus : sim.bus_master.BusMaster
        Timer and controller, at the addresses of :mod:`soc.cpu.map`.
    """

    def __init__(self, memory, *, board=Ddr3Board(), patient=False):
        self.core = core = generate_controller(memory, end="cells")
        device = replace(memory, part=replace(memory.part, postponed=1 << 30, rfc=(0, 0))) if patient else memory
        self.pins = Ddr3Pins(np.zeros(memory.bytes, np.uint8), memory=device, core=core, board=board)
        words = memory.bytes * 8 // BUS_BITS
        library = compile_design(
            lambda: _Design(core, words, memory.clock_hz), name=f"training-{memory.name}",
            key=source_key(gateware, soc, sim, parameters=[memory, core.verilog]))
        self._sim = CompiledSimulation(library, memory=self.pins)
        self._sim.run(_LONGEST_START, until="started")
        self.bus = BusMaster(self._sim)

    @property
    def cycle(self):
        """Clock cycles since the start."""
        return self._sim.cycle

    @property
    def ready(self):
        """Whether the DRAM may be used."""
        return bool(self._sim.get("ready"))

    def allow(self, trained):
        """Let requests reach the DRAM, or no more: what the firmware does when it has trained the PHY."""
        self.bus.write(address(Region.CONTROLLER, ControllerRegister.STATE), int(trained))

    def wrong_words(self, *, seed):
        """Write and read random data through the controller; see :class:`sim.burst_check.BurstCheck`.

        Returns
        -------
        int
            Words that came back as others.

        Raises
        ------
        SimulationError
            If a rule of the device was broken.
        RuntimeError
            If the check does not come to its end; of a DRAM that is not ready, for one.
        """
        self._sim.set("seed", seed & 0xffff_ffff)
        self._sim.set("start", 1)
        self._sim.run(1)
        self._sim.set("start", 0)
        self._sim.run(_LONGEST_CHECK, until="done")
        if self._sim.stopped_by is None:
            raise RuntimeError(f"the check of the DRAM does not end, cycle {self.cycle:,}")
        return self._sim.get("wrong")

    def close(self):
        """Free the memory of the simulation."""
        self._sim.close()
