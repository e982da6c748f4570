"""The gateware as an engine: a simulation of the accelerator on a memory image."""

from dataclasses import dataclass

import numpy as np

import gateware
import sim
from gateware.isa import Scale
from host.errors import CelosiaError
from sim.compile import compile_design, source_key
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.error import SimulationError
from sim.interpreted import InterpretedSimulation
from sim.trace_records import add_records
from sim.traced_accelerator import TracedAccelerator, trace_record

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


class RtlEngine:
    """Runs tokens on the gateware; everything is computed there.

    Parameters
    ----------
    image : host.image.image.Image
        Its memory becomes the DRAM and is written.
    memory : MemoryTiming
    interpreted : bool
        Run in Amaranth's own simulator, which compiles nothing and is hundreds of times slower.

    Attributes
    ----------
    position : int
        Tokens in the KV cache.
    context : int
    argmax : int
        Most likely next token after the last step.
    cycles : int
        Clock cycles since the start.
    bus_beats : int
        Cycles in which a bus word passed between DRAM and accelerator.

    Raises
    ------
    CelosiaError
        If the gateware cannot decode a tensor of the model.
    """

    def __init__(self, image, *, memory=MemoryTiming(), interpreted=False):
        compiled = image.compiled
        self.image = image
        self.context = image.header.context
        self.position = 0
        self.argmax = 0
        for instruction in compiled.program:
            if instruction.scale == Scale.SUB8:
                raise CelosiaError(f"{compiled.model.path}: {instruction.label} has sub-scales, which the gateware does "
                                   f"not decode; use --engine model")
        config = compiled.config
        self._record = trace_record(config)
        self.dram = Dram(image.memory, bus_bits=config.bus_bits, latency=memory.latency, bandwidth=memory.bandwidth,
                         stall_probability=memory.stall_probability, seed=memory.seed)
        if interpreted:
            self._sim = InterpretedSimulation(TracedAccelerator(config), dram=self.dram, name_instruction=compiled.label)
        else:
            library = compile_design(lambda: TracedAccelerator(config), name=f"accelerator-{config.name}",
                                     key=source_key(gateware, sim, parameters=config))
            self._sim = CompiledSimulation(library, dram=self.dram, name_instruction=compiled.label)
        self._sim.set("program", image.header.program // config.bus_bytes)

    @property
    def cycles(self):
        return self._sim.cycle

    @property
    def bus_beats(self):
        return self.dram.counters.busy_cycles

    def reset(self):
        """Forget all tokens."""
        self.position = 0

    def step(self, token, *, logits=True, trace=None):
        """Run one token.

        Parameters
        ----------
        token : int
        logits : bool
            Whether the gateware writes the logits to DRAM; ``argmax`` comes in any case.
        trace : host.engine.trace.Trace, optional
            Takes every value that every instruction writes.

        Returns
        -------
        float32 array (vocab,), or None without logits

        Raises
        ------
        CelosiaError
            If the token is not in the vocabulary or the context is full.
        SimulationError
            If the gateware breaks a rule of the memory, naming the instruction.
        """
        header, simulation = self.image.header, self._sim
        if not 0 <= token < header.vocab:
            raise CelosiaError(f"Token id must be below {header.vocab}, not {token}")
        if self.position >= self.context:
            raise CelosiaError(f"The context of {self.context} positions is full")
        for name, value in (("token", token), ("position", self.position), ("store_logits", int(logits)),
                            ("start", 1)):
            simulation.set(name, value)
        simulation.tracing = trace is not None
        try:
            simulation.run(1)
            simulation.set("start", 0)
            simulation.run(_LONGEST_TOKEN, until="done")
        except SimulationError as error:
            raise self._naming_the_reader(error) from None
        self.position += 1
        self.argmax = simulation.get("argmax")
        if trace is not None:
            _cycles, records = simulation.take_trace()
            add_records(trace, self._record, records)
        if not logits:
            return None
        return self.image.memory[header.logits:header.logits + 4 * header.vocab].view("<f4").astype(np.float32)

    def _naming_the_reader(self, error):
        """Reads run ahead of execution: the instruction at fault is the one that the stream is read for."""
        if not error.what.startswith("Read"):
            return error
        index = self._sim.get("stream_counter")
        return SimulationError(error.what, cycle=error.cycle,
                               instruction=f"instruction {index} ({self.image.compiled.label(index)})")
