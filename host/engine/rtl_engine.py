"""The gateware as an engine: a simulation of the accelerator on a memory image."""

from dataclasses import dataclass

import gateware
from gateware.activity import Counter
from gateware.control.counters import Counters
from host.bench.timeline import Timeline
from host.engine.program_engine import ProgramEngine
from host.engine.trace_records import add_records
import sim
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.error import SimulationError
from sim.interpreted import InterpretedSimulation
from sim.memory_system import MemorySystem
from sim.traced_accelerator import TracedAccelerator, trace_record
from soc.dram.memory import Memory

__all__ = ["MemoryTiming", "RtlEngine"]

_LONGEST_TOKEN = 1 << 32


@dataclass(frozen=True, kw_only=True)
class MemoryTiming:
    """Behaviour of the simulated DRAM; see :class:`sim.dram.Dram`.

    Attributes
    ----------
    latency : int
        Cycles from a request to its first beat.
    bandwidth : float or (int, int)
        Beats per cycle, at most 1.
    stall_probability : float
        Share of cycles in which a handshake is held back at random.
    seed : int
    """

    latency: int = 24
    bandwidth: float | tuple = 1
    stall_probability: float = 0.0
    seed: int = 0


class RtlEngine(ProgramEngine):
    """Runs tokens on the gateware; everything is computed there.

    Parameters
    ----------
    image : host.image.image.Image
        Its memory becomes the DRAM and is written.
    memory : MemoryTiming, or soc.dram.memory.Memory or its name
        A model behind the memory port, or the memory of a board: then its controller is simulated with the
        accelerator, cycle by cycle, and only the DRAM devices are a model. The image is in the DRAM from the
        beginning.
    interpreted : bool
        Run in Amaranth's own simulator, which compiles nothing and is hundreds of times slower. Not with the
        memory of a board.

    Attributes
    ----------
    cycles : int
        Clock cycles since the start, or since the DRAM was up.
    bus_beats : int
        Cycles in which a bus word passed between DRAM and accelerator; with the memory of a board, what its
        DRAM moved, in bus words.
    system : sim.memory_system.MemorySystem or None
        The memory of a board, with counters of its DRAM.
    timelines : list of host.bench.timeline.Timeline or None
        A list takes what the parts do in every program that runs, two more cycles each; not with
        ``interpreted``.

    Raises
    ------
    ValueError
        If the image is larger than the memory, or a memory of a board is to be interpreted.
    """

    def __init__(self, image, *, memory=MemoryTiming(), interpreted=False):
        super().__init__(image)
        compiled = image.compiled
        config = compiled.config
        self._record = trace_record(config)
        self.system = self._running = self.timelines = None
        if isinstance(memory, str):
            from boards.memories import MEMORIES  # with the boards, which others need not

            memory = MEMORIES[memory]
        if isinstance(memory, Memory):
            if interpreted:
                raise ValueError(f"Memory of an interpreted simulation must be a MemoryTiming, not {memory.name!r}")
            self.system = MemorySystem(
                lambda: TracedAccelerator(config), memory=memory, bus_bits=config.memory.bus_bits, content=image.memory,
                name=f"accelerator-{config.name}", parameters=config, name_instruction=self._label)
            self._sim = self.system.simulation
            return
        self.dram = Dram(image.memory, bus_bits=config.memory.bus_bits, latency=memory.latency,
                         bandwidth=memory.bandwidth, stall_probability=memory.stall_probability, seed=memory.seed)
        if interpreted:
            self._sim = InterpretedSimulation(TracedAccelerator(config), dram=self.dram, name_instruction=self._label)
        else:
            library = compile_design(lambda: TracedAccelerator(config), name=f"accelerator-{config.name}",
                                     key=source_key(gateware, sim, parameters=config))
            self._sim = CompiledSimulation(library, dram=self.dram, name_instruction=self._label)

    @property
    def simulation(self):
        """The simulation itself."""
        return self._sim

    def counters(self):
        """Performance counters of the gateware since the start, by
        :class:`gateware.activity.Counter`.

        Takes some cycles, so that every event has reached its counter.
        """
        self._sim.run(Counters.LATENCY)
        values = {}
        for counter in Counter:
            self._sim.set("control__counter_index", counter)
            self._sim.run(2)
            values[counter] = self._sim.get("control__counter_value")
        return values

    @property
    def cycles(self):
        return self._sim.cycle if self.system is None else self.system.cycles

    @property
    def bus_beats(self):
        if self.system is None:
            return self.dram.counters.busy_cycles
        return self.system.model.bytes_moved // self.image.compiled.config.memory.bus_bytes

    def run(self, tokens, part, *, trace=None):
        """See :meth:`ProgramEngine.run`.

        Raises
        ------
        SimulationError
            If the gateware breaks a rule of the memory, naming the instruction.
        """
        simulation, compiled = self._sim, self.image.compiled
        self._running = len(tokens), part
        simulation.tracing = trace is not None
        program = compiled.program_address(*self._running) // compiled.config.memory.bus_bytes
        simulation.set("control__program", program)
        simulation.set("control__position", self.position)
        if self.timelines is not None:
            simulation.watch("activity")
        try:
            for member, token in enumerate(tokens):
                self._pulse("start" if member == len(tokens) - 1 else "load", member=member, token=token)
            simulation.run(_LONGEST_TOKEN, until="control__done")
        except SimulationError as error:
            raise self._naming_the_reader(error) from None
        if self.timelines is not None:
            self.timelines.append(self._timeline())
        if trace is not None:
            _cycles, records = simulation.take_trace()
            add_records(trace, self._record, records)
        rows = part.rows(len(tokens))
        for member in range(rows):
            simulation.set("control__member", member)
            self.choices.append(simulation.get("control__argmax"))
        return self.read_results(rows) if part.stores_logits else None

    def _timeline(self):
        """What was watched of the program that has run."""
        self._sim.run(2)  # The state of the bus shows one cycle late.
        self._sim.watch(None)
        cycles, values = self._sim.take_changes()
        program = self.image.compiled.programs[self._running]
        return Timeline(cycles, values, self._sim.cycle, program, position=self.position)

    def _pulse(self, name, **inputs):
        """Set inputs of the control port, and for one cycle its input ``name``."""
        for port, value in inputs.items():
            self._sim.set(f"control__{port}", value)
        self._sim.set(f"control__{name}", 1)
        self._sim.run(1)
        self._sim.set(f"control__{name}", 0)

    def _label(self, index):
        """Name of an instruction of the program that runs."""
        return self.image.compiled.label(index, *self._running)

    def _naming_the_reader(self, error):
        """Reads run ahead of execution: the instruction at fault is the one that the stream is read for."""
        if not error.what.startswith("Read"):
            return error
        index = self._sim.get("stream_counter")
        return SimulationError(error.what, cycle=error.cycle, instruction=f"instruction {index} ({self._label(index)})")
