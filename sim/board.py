"""A complete board, simulated: link, accelerator and DRAM."""

import gateware
import sim
import soc
from sim.compile import compile_design, source_key
from sim.dram import Dram
from sim.linked import LinkedSimulation
from soc.serial_system import SerialSystem
from soc.system import System

__all__ = ["SimulatedBoard"]

_DIVISOR = 25
"""Cycles of a bit: 3 Mbaud at 75 MHz."""


class SimulatedBoard:
    """:class:`soc.system.System` with a DRAM behind its ports, as a stream of bytes.

    Parameters
    ----------
    config : gateware.config.Config
    content : int or numpy.ndarray
        DRAM: size in bytes, then all zero, or its content.
    bit_level : bool
        Bytes pass a serial line, bit by bit, in place of going straight into the bridge.
    latency, stall_probability
        Of the DRAM; see :class:`sim.dram.Dram`.
    link_stalls : float
        Probability that the streams of bytes are held back in a cycle.
    seed : int
        Of all stalls.

    Attributes
    ----------
    dram : sim.dram.Dram
    hertz : float
        Clock that simulated time is told for.
    """

    hertz = 75e6

    def __init__(self, config, *, content, bit_level=False, latency=24, stall_probability=0.0, link_stalls=0.0, seed=0):
        self.dram = Dram(content, bus_bits=config.bus_bits, latency=latency, stall_probability=stall_probability,
                         seed=seed)
        divisor, size = _DIVISOR if bit_level else 0, self.dram.size

        def system():
            if bit_level:
                return SerialSystem(config, memory_bytes=size, divisor=divisor)
            return System(config, memory_bytes=size)

        library = compile_design(
            system, name=f"{'serial-' * bit_level}system-{config.name}",
            key=source_key(gateware, soc, sim, parameters=(config, bit_level, size, divisor)))
        self._sim = LinkedSimulation(library, dram=self.dram, divisor=divisor, stall_probability=link_stalls, seed=seed)

    @property
    def cycle(self):
        """Clock cycles since the start."""
        return self._sim.cycle

    @property
    def busy(self):
        """Whether the accelerator is running."""
        return bool(self._sim.get("busy"))

    def exchange(self, data, *, cycles, quiet):
        """See :meth:`sim.linked.LinkedSimulation.exchange`."""
        return self._sim.exchange(data, cycles=cycles, quiet=quiet)

    def close(self):
        """Free the memory of the simulation."""
        self._sim.close()
