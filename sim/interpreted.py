"""Run a design with its DRAM in Amaranth's own simulator, with the members of `CompiledSimulation`."""

import numpy as np
from amaranth.hdl import Const, Value
from amaranth.sim import Simulator

from sim.dram_testbench import DramTestbench
from sim.error import SimulationError
from sim.ports import memory_port_name


__all__ = ["InterpretedSimulation"]


CLOCK_PERIOD = 1e-6


class InterpretedSimulation:
    """The slow way, for tests: no compilation, waveforms, and a second opinion.

    Parameters
    ----------
    design : wiring.Component
    dram : Dram
        Without it, those of a memory port are plain ports.
    name_instruction : function of int to str
        Names the instruction at a value of the output `program_counter`, for messages.
    vcd : path
        Writes a waveform, until `close`.

    Members
    -------
    ports, cycle, stopped_by, tracing
        As in `CompiledSimulation`.
    """

    def __init__(self, design, *, dram=None, name_instruction=None, vcd=None):
        self._signals, self.ports = {}, {}
        for path, member, value in design.signature.flatten(design):
            name, value = "__".join(map(str, path)), Value.cast(value)
            if isinstance(value, Const):
                continue
            self._signals[name] = value
            self.ports[name] = (len(value), "input" if member.flow.name == "In" else "output")
        self.dram = dram
        self.name_instruction = name_instruction
        self._memory = DramTestbench(dram) if dram is not None else None
        for name in map(memory_port_name, (*DramTestbench.OUTPUTS, *DramTestbench.INPUTS) if dram is not None else ()):
            if name not in self.ports:
                raise ValueError(f"Design must have a port {name!r}")
        self.cycle = 0
        self.stopped_by = None
        self.tracing = False
        self._trace = []
        self._until, self._stop = [], False
        self._simulator = Simulator(design)
        self._simulator.add_clock(CLOCK_PERIOD)
        self._simulator.add_process(self._each_cycle)
        self._simulator.add_testbench(self._keep_context, background=True)
        self._waveform = self._simulator.write_vcd(str(vcd)) if vcd is not None else None
        if self._waveform is not None:
            self._waveform.__enter__()

    def close(self):
        """Finish the waveform, if there is one."""
        if self._waveform is not None:
            self._waveform.__exit__(None, None, None)
            self._waveform = None

    def get(self, name):
        """Value of a port, unsigned."""
        self._start()
        return self._context.get(self._signals[name]) & (1 << self.ports[name][0]) - 1

    def set(self, name, value):
        """Set an input, from the next cycle on."""
        self._start()
        bits, direction = self.ports[name]
        if direction != "input":
            raise ValueError(f"Port {name!r} must be an input to be set, not an {direction}")
        if not -1 << bits - 1 <= value < 1 << bits:
            raise ValueError(f"Value of port {name!r} must fit {bits} bits, not be {value!r}")
        self._context.set(self._signals[name], value & (1 << bits) - 1)

    def run(self, max_cycles, until=()):
        """See `CompiledSimulation.run`."""
        until = [until] if isinstance(until, (str, tuple)) and until else list(until)
        self._until = [(item, None) if isinstance(item, str) else item for item in until]
        self.stopped_by, self._stop = None, False
        start = self.cycle
        while self.cycle - start < max_cycles and not self._stop:
            cycle = self.cycle
            try:
                self._simulator.advance()
            except AssertionError as error:  # Its traceback ends at the assertion in the design.
                text = str(error).removeprefix("Assertion violated").removeprefix("Assumption violated")
                counter = self.get("program_counter") if "program_counter" in self.ports else None
                raise self._error(f"Assertion failed{text}", cycle, counter) from error
        return self.cycle - start

    def take_trace(self):
        """See `CompiledSimulation.take_trace`."""
        size = (self.ports["trace__payload"][0] + 7) // 8 if "trace__payload" in self.ports else 0
        cycles = np.array([cycle for cycle, _ in self._trace], np.uint64)
        payload = b"".join(value.to_bytes(size, "little") for _, value in self._trace)
        self._trace = []
        return cycles, np.frombuffer(payload, np.uint8).reshape(-1, size).copy()

    def _start(self):
        """Let processes and testbenches begin, without a clock edge."""
        if self.cycle == 0 and not hasattr(self, "_context"):
            self._simulator.advance()

    async def _keep_context(self, ctx):
        # What it can do between two runs, it can also do from outside. Setting a signal makes everything
        # happen that is due at the time: the delay makes a time before the first edge when only that is due.
        self._context = ctx
        await ctx.delay(CLOCK_PERIOD / 4)

    def _memory_signals(self, names):
        """Signals of the memory port, by the names of `DramTestbench`; none without a memory."""
        return {name: self._signals[memory_port_name(name)] for name in names if self._memory is not None}

    def _watched(self):
        none = Const(0)
        return self._memory_signals(DramTestbench.OUTPUTS) | {
            name: self._signals.get(name, none) for name in ("program_counter", "trace__valid", "trace__payload")}

    def _drive(self, ctx, driven):
        for name, value in self._memory.drive(self.cycle).items():
            signal, previous = driven[name]
            if value != previous:
                ctx.set(signal, value)
                driven[name] = signal, value

    async def _each_cycle(self, ctx):
        watched = self._watched()
        driven = {name: (signal, None) for name, signal in self._memory_signals(DramTestbench.INPUTS).items()}
        if self._memory is not None:
            self._drive(ctx, driven)
        outputs = [value for name, value in self._signals.items() if self.ports[name][1] == "output"]
        names = [name for name in self._signals if self.ports[name][1] == "output"]
        async for _, _, *values in ctx.tick().sample(*watched.values(), *outputs):
            now = dict(zip(watched, values))
            if self._memory is not None:
                self._observe(now)
            if self.tracing and now["trace__valid"]:
                self._trace.append((self.cycle, now["trace__payload"]))
            for name, value in self._until:
                actual = values[len(watched) + names.index(name)]
                if actual if value is None else actual == value:
                    self.stopped_by, self._stop = name, True
                    break
            self.cycle += 1
            if self._memory is not None:
                self._drive(ctx, driven)

    def _observe(self, now):
        try:
            self._memory.observe(self.cycle, now)
        except SimulationError as error:
            counter = now["program_counter"] if "program_counter" in self.ports else None
            raise self._error(error.what, error.cycle, counter) from None

    def _error(self, what, cycle, counter):
        instruction = None
        if counter is not None:
            instruction = f"instruction {counter}"
            if self.name_instruction is not None:
                instruction += f" ({self.name_instruction(counter)})"
        return SimulationError(what, cycle=cycle, instruction=instruction)
