"""Designs with a memory port on the memories of boards, as compiled simulations."""

import importlib.metadata

import gateware
import sim
import soc.dram
from gateware.dma.axi_memory import AxiMemory
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.on_memory import OnMemory
from sim.sdram import Sdram
from sim.zynq import ZynqMemory
from soc.dram.controller import DramController
from soc.dram.core import generate_controller

__all__ = ["MemorySystem"]

_LONGEST_START = 1 << 24
_AXI_PORTS = 2
_AXI_BASE = 0x1000_0000  # The processors keep what lies below.


class MemorySystem:
    """A memory of a board behind the memory port of a design, in a compiled simulation.

    The controller of the memory is part of the simulated RTL, and so is what brings the DRAM up; the devices
    are a model. A Zynq's controller is no RTL, so there the model begins at the AXI ports. When this returns,
    the DRAM is up.

    Parameters
    ----------
    make : function without parameters that returns a wiring.Component
        The design, with ``memory``, Out(gateware.memory_port.MemoryPort). Not called if its library is in the cache.
    memory : soc.dram.memory.Memory
    bus_bits : int
        Of the memory port.
    content : numpy.ndarray
        Of the DRAM, see :class:`sim.sdram.Sdram`.
    name : str
        Begins the name of the library.
    parameters : object
        What the design depends on beside the sources of this project; see :func:`sim.compile.source_key`.
    name_instruction : function of int to str
        See :class:`sim.compiled.CompiledSimulation`.

    Attributes
    ----------
    simulation : CompiledSimulation
    memory : soc.dram.memory.Memory
    model : Sdram or ZynqMemory
        The devices, with counters.
    start_cycles : int
        Cycles that bringing up the DRAM took.
    """

    def __init__(self, make, *, memory, bus_bits, content, name, parameters, name_instruction=None):
        if memory.phy == "PS7":
            self.model = ZynqMemory(content, memory=memory, ports=_AXI_PORTS, base=_AXI_BASE)

            def controller():
                return AxiMemory(bus_bits=bus_bits, ports=_AXI_PORTS, base=_AXI_BASE)
        else:
            core = generate_controller(memory, end="dfi")
            self.model = Sdram(content, memory=memory, core=core)

            def controller():
                return DramController(core=core, bus_bits=bus_bits)
        versions = [importlib.metadata.version(package) for package in ("litedram", "litex", "migen")]
        library = compile_design(
            lambda: OnMemory(make(), controller()), name=f"{name}-{memory.name}",
            key=source_key(gateware, sim, soc.dram, parameters=(parameters, memory, bus_bits, versions)))
        self.memory = memory
        self.simulation = CompiledSimulation(library, memory=self.model, name_instruction=name_instruction)
        self.simulation.run(_LONGEST_START, until="memory_ready")
        self.start_cycles = self.simulation.cycle

    @property
    def cycles(self):
        """Clock cycles since the DRAM was up."""
        return self.simulation.cycle - self.start_cycles
