"""A complete board, simulated: link, accelerator and DRAM, and a processor where it has one."""

import importlib.metadata

import numpy as np

import gateware
import sim
import soc
from sim.byte_board import ByteBoard
from sim.compile import compile_design, source_key
from sim.dram import Dram
from sim.linked import LinkedSimulation
from sim.on_memory import OnMemory
from sim.pins import Ddr3Pins
from sim.sdram import Sdram
from soc.computer import Computer
from soc.cpu.control_port import ControlPort
from soc.cpu.map import Region
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.sd.host import SdHost
from soc.serial_system import SerialSystem
from soc.system import System

__all__ = ["MODEL_HZ", "SimulatedBoard"]

MODEL_HZ = 75e6
"""Clock of a board whose memory is all a model."""

_DIVISOR = 25
"""Cycles of a bit: 3 Mbaud at 75 MHz."""
_LONGEST_START = 1 << 24
_PROCESSOR_PATIENCE = 1 << 13


class SimulatedBoard(ByteBoard):
    """A board as a stream of bytes: :class:`soc.system.System` with its memory.

    Parameters
    ----------
    config : gateware.config.Config
    memory : soc.dram.memory.Memory or sim.dram.Dram
        The memory of a board: its controller is simulated cycle by cycle, its devices are a model, and they
        are up when this returns, if there is no processor, which waits for them by itself. Or a model behind the memory
        port of the accelerator.
    bit_level : bool
        Bytes pass a serial line, bit by bit, in place of going straight into the bridge.
    link_stalls : float
        Probability that the streams of bytes are held back in a cycle; not with ``bit_level``.
    seed : int
        Of these stalls.
    program : bytes
        Of the board's processor: then it is a :class:`soc.computer.Computer`, whose terminal shares the line.
    peripherals : function that returns a dict
        Of the same; its name stands for what it returns.
    card : sim.sd_card.SdCard
        In the slot of a board with a processor; without it there is no slot.
    lines : sim.pins.Ddr3Board
        Those between FPGA and DDR3: then the PHY is simulated as well, but for its cells, and the processor's program
        has to train it. By default the controller ends in front of the PHY.

    Attributes
    ----------
    content : numpy.ndarray
        What the memory holds, uint8.
    patience : int
        Cycles without a byte, and without work, after which nothing more will come by itself.
    hertz : float
        Clock that simulated time is told for.
    """

    patience = 64

    def __init__(self, config, *, memory, bit_level=False, link_stalls=0.0, seed=0, program=None, peripherals=None,
                 card=None, lines=None):
        modelled = isinstance(memory, Dram)
        divisor = _DIVISOR if bit_level else 0
        size = memory.size if modelled else memory.bytes
        self.hertz = MODEL_HZ if modelled else memory.clock_hz

        core = None

        def own():
            """What lies on the processor's bus of this board."""
            made = peripherals() if peripherals else {}
            if card is not None:
                made[Region.SD] = SdHost(bus_bits=config.memory.bus_bits)
            if lines is not None:
                made[Region.CONTROLLER] = ControlPort(address_bits=core.csr_address_bits)
            return made

        def system():
            if bit_level:
                return SerialSystem(config, memory_bytes=size, divisor=divisor, program=program, clock_hz=self.hertz,
                                    peripherals=own())
            if program is not None:
                return Computer(config, memory_bytes=size, program=program, clock_hz=self.hertz, peripherals=own())
            return System(config, memory_bytes=size)

        kind = "system" if program is None else "computer"
        name, parameters = f"{'serial-' * bit_level}{kind}-{config.name}", [
            config, divisor, size, program, self.hertz, peripherals and peripherals.__qualname__, card is not None]
        if modelled:
            make, behind = system, {"dram": memory}
            self.content = memory.content
        else:
            core = generate_controller(memory, end="dfi" if lines is None else "cells")
            name += f"-{memory.name}"
            parameters += [memory, *map(importlib.metadata.version, ("litedram", "litex", "migen"))]
            self.content = np.zeros(size, np.uint8)
            behind = {"memory": Sdram(self.content, memory=memory, core=core) if lines is None else
                      Ddr3Pins(self.content, memory=memory, core=core, board=lines)}
            if lines is not None:
                name, parameters = f"{name}-cells", [*parameters, core.verilog]

            def make():
                return OnMemory(system(), DramController(
                    core=core, bus_bits=config.memory.bus_bits, trained=lines is not None))

        library = compile_design(make, name=name, key=source_key(gateware, soc, sim, parameters=parameters))
        super().__init__(LinkedSimulation(
            library, divisor=divisor, stall_probability=link_stalls, seed=seed, card=card, **behind))
        if program is not None:
            # What the processor says while it starts nobody has to ask for.
            self._sim.quiet, self.patience = False, _PROCESSOR_PATIENCE
            if modelled:
                self.dram_ready = True
        elif not modelled:
            self._sim.run(_LONGEST_START, until="memory_ready")

    @property
    def busy(self):
        """Whether the accelerator is running."""
        return bool(self._sim.get("busy"))

    @property
    def dram_ready(self):
        """Whether the DRAM of a board with a processor is up, if it is all a model; can be set."""
        return bool(self._sim.get("dram_ready"))

    @dram_ready.setter
    def dram_ready(self, ready):
        self._sim.set("dram_ready", int(ready))
