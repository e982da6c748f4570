"""How fast the two simulators run the same design on the same program."""

from dataclasses import dataclass
from time import perf_counter

import gateware
import sim
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.interpreted import InterpretedSimulation
from sim.traced_accelerator import TracedAccelerator

__all__ = ["SimulationSpeeds", "measure_speeds"]

_LONGEST_TOKEN = 1 << 32


@dataclass(frozen=True, kw_only=True)
class SimulationSpeeds:
    """Result of `measure_speeds`.

    Attributes
    ----------
    compiled_cycles, interpreted_cycles : int
        Cycles that were timed.
    compiled_cycles_per_second, interpreted_cycles_per_second : float
    """

    compiled_cycles: int
    compiled_cycles_per_second: float
    interpreted_cycles: int
    interpreted_cycles_per_second: float

    @property
    def ratio(self):
        """How many times as fast the compiled simulation is."""
        return self.compiled_cycles_per_second / self.interpreted_cycles_per_second


def measure_speeds(image, *, tokens, cycles):
    """Time the compiled simulation and Amaranth's own.

    Both run the accelerator, traces included, with its DRAM, from the first cycle of the first token. Setting
    up, compilation and elaboration are not timed, and nothing is traced.

    Parameters
    ----------
    image : host.image.image.Image
        Stays as it is.
    tokens : int
        Whole tokens that the compiled simulation runs; the same one at each position.
    cycles : int
        Cycles of the first token that Amaranth's simulator runs.

    Returns
    -------
    SimulationSpeeds

    Raises
    ------
    RuntimeError
        If the two have not done the same after ``cycles`` cycles.
    """
    config = image.compiled.config
    library = compile_design(lambda: TracedAccelerator(config), name=f"accelerator-{config.name}",
                             key=source_key(gateware, sim, parameters=config))

    def compiled():
        dram = Dram(image.memory.copy(), bus_bits=config.memory.bus_bits)
        return _begin(CompiledSimulation(library, dram=dram), image)

    fast = compiled()
    fast.run(cycles)
    dram = Dram(image.memory.copy(), bus_bits=config.memory.bus_bits)
    slow = _begin(InterpretedSimulation(TracedAccelerator(config), dram=dram), image)
    start = perf_counter()
    slow.run(cycles)
    slow_seconds = perf_counter() - start
    if _state(fast) != _state(slow):
        raise RuntimeError(f"After {cycles} cycles the compiled simulation must be where Amaranth's is, "
                           f"{_state(slow)}, not {_state(fast)}")
    fast, fast_cycles, start = compiled(), 0, perf_counter()
    for position in range(tokens):
        if position:
            _start_token(fast, position)
        fast_cycles += fast.run(_LONGEST_TOKEN, until="control__done")
    fast_seconds = perf_counter() - start
    return SimulationSpeeds(
        compiled_cycles=fast_cycles, compiled_cycles_per_second=fast_cycles / fast_seconds,
        interpreted_cycles=cycles, interpreted_cycles_per_second=cycles / slow_seconds)


def _begin(simulation, image):
    simulation.set("control__program", image.header.program // image.compiled.config.memory.bus_bytes)
    _start_token(simulation, 0)
    return simulation


def _start_token(simulation, position):
    simulation.set("control__position", position)
    simulation.set("control__start", 1)
    simulation.run(1)
    simulation.set("control__start", 0)


def _state(simulation):
    """What a simulation has done: the instruction it is at and the traffic on the bus."""
    return (simulation.get("program_counter"), simulation.get("stream_counter"),
            simulation.dram.counters.as_dict())
