"""Run testbenches written for Amaranth's simulator on a compiled design."""

import functools
import inspect

from amaranth.hdl import Const, ShapeCastable, Signal, Value, ValueCastable
from amaranth.sim import BrokenTrigger

__all__ = ["CompiledTestbench"]


class CompiledTestbench:
    """A compiled component and the testbenches that drive it, all in lockstep: one compiled cycle for each tick.

    A cycle takes a quarter of a millisecond, with `sim.compile.QUICK`, where Amaranth's simulator needs 1.6 for a dot
    engine of four lanes. But compiling takes seconds: what runs for thousands of cycles gains. The functions are those
    that `amaranth.sim.Simulator.add_testbench` takes, and what they see is the same:

    * all begin, in the order in which they were added, before the first edge;
    * `sample` gives the values just before the edge, and a testbench goes on after it, when everything has settled;
    * those that wait for the same edge go on in the order in which they were added, and `get` sees what has been set.

    What `SimulatorContext` has beyond `tick`, `set` and `get`, this context does not have; all three take whole ports
    of the component, `sample` and `get` constants, too.

    Parameters
    ----------
    dut : wiring.Component
        What was compiled, or one like it: only its ports are looked at.
    simulation : sim.compiled.CompiledSimulation
        Of the library that `sim.compile.compile_design` made of it; without a memory.

    Raises
    ------
    ValueError
        If the library has not the ports of the component.
    """

    def __init__(self, dut, simulation):
        self._simulation = simulation
        self._ports, self._initial = {}, {}
        for path, member, value in dut.signature.flatten(dut):
            signal, name = Value.cast(value), "__".join(map(str, path))
            if isinstance(signal, Const) or not len(signal):
                continue
            bits, direction = simulation.ports.get(name, (None, None))
            if bits != len(signal):
                raise ValueError(f"Port {name!r} of the library must have {len(signal)} bits, not {bits!r}")
            # Signals compare as hardware, so they are found by identity; the component keeps them alive.
            self._ports[id(signal)] = name
            if direction == "input":
                self._initial[name] = signal.init
        self._dut = dut
        self._testbenches = []
        self._readers = {}

    def add_testbench(self, function, *, background=False):
        """Add a testbench: an async function of a context; `run` does not wait for one in the background."""
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"Testbench must be an async function, not {function!r}")
        self._testbenches.append((function, background))

    def run(self, *, max_cycles):
        """Reset the design, begin all testbenches and run until those that are not in the background have ended.

        Parameters
        ----------
        max_cycles : int

        Returns
        -------
        int
            Cycles run.

        Raises
        ------
        TimeoutError
            If one has not ended after so many cycles.
        SimulationError
            If an assertion of the design failed.
        """
        self._simulation.reset()
        for name, value in self._initial.items():
            self._simulation.set(name, value)
        runs = [_Running(function, background, _Context(self)) for function, background in self._testbenches]
        try:
            while True:
                for run in runs:
                    run.resume()
                runs = [run for run in runs if run.trigger is not None]
                if all(run.background for run in runs):
                    return self.cycle
                if self.cycle == max_cycles:
                    names = ", ".join(run.name for run in runs if not run.background)
                    raise TimeoutError(
                        f"Testbenches must end within {max_cycles} cycles, which these did not: {names}")
                for run in runs:
                    run.trigger.take()
                self._simulation.run(1)
        finally:
            for run in runs:
                run.coroutine.close()

    @property
    def cycle(self):
        """Cycles since the reset."""
        return self._simulation.cycle

    def reader(self, value):
        """Function that returns what a port or constant is, as `SimulatorContext.get` would."""
        if id(value) not in self._readers:
            # With the value, whose identity would otherwise be that of another one later.
            self._readers[id(value)] = value, self._make_reader(value)
        return self._readers[id(value)][1]

    def _make_reader(self, value):
        signal = Value.cast(value)
        if isinstance(signal, Const) or not len(signal):
            constant = signal.value if isinstance(signal, Const) else 0
            read = functools.partial(int, constant)
        else:
            read = functools.partial(self._simulation.get, self._name(signal))
        if signal.shape().signed and not isinstance(signal, Const):
            read = functools.partial(_signed, read, len(signal))
        if isinstance(value, ValueCastable) and isinstance(shape := value.shape(), ShapeCastable):
            return lambda: shape.from_bits(read())
        return read

    def write(self, value, new):
        """What `SimulatorContext.set` does; an integer that does not fit is cut off as there."""
        signal = Value.cast(value)
        if isinstance(value, ValueCastable) and isinstance(shape := value.shape(), ShapeCastable):
            new = shape.const(new)
        if not isinstance(new, int):
            new = Const.cast(new).value
        if len(signal):
            self._simulation.set(self._name(signal), new & (1 << len(signal)) - 1)

    def _name(self, signal):
        if not isinstance(signal, Signal) or id(signal) not in self._ports:
            raise ValueError(f"Value must be a whole port of {type(self._dut).__name__}, not {signal!r}")
        return self._ports[id(signal)]


def _signed(read, bits):
    """What is read, as a number in two's complement."""
    number = read()
    return number - (number >> bits - 1 << bits)


class _Running:
    """A testbench that has begun; its trigger is None when it has ended."""

    def __init__(self, function, background, context):
        self.name, self.background = function.__name__, background
        self.coroutine = function(context)
        self.trigger = None

    def resume(self):
        try:
            self.trigger = self.coroutine.send(None)
        except StopIteration:
            self.trigger = None


class _Context:
    """What a testbench is given: the part of `amaranth.sim.SimulatorContext` that it needs."""

    def __init__(self, bench):
        self._bench = bench

    def get(self, value):
        return self._bench.reader(value)()

    def set(self, value, new):
        self._bench.write(value, new)

    def tick(self, domain="sync"):
        if domain != "sync":
            raise ValueError(f"Domain must be 'sync', the only one of a compiled design, not {domain!r}")
        return _Tick(self._bench, ())


class _Tick:
    """The next edge, and the values to sample just before it: waited for once, or iterated over."""

    def __init__(self, bench, readers):
        self._bench, self._readers = bench, readers

    def sample(self, *values):
        return _Tick(self._bench, (*self._readers, *map(self._bench.reader, values)))

    def take(self):
        """Sample; all testbenches do before the edge is run."""
        self._values = (True, False, *[read() for read in self._readers])

    def __await__(self):
        yield self
        return self._values

    def __aiter__(self):
        return _Ticks(self._bench, self)


class _Ticks:
    """Edge after edge; as in Amaranth, it is an error to let one pass in between."""

    def __init__(self, bench, tick):
        self._bench, self._tick, self._cycle = bench, tick, None

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._cycle not in (None, self._bench.cycle):
            raise BrokenTrigger
        values = await self._tick
        self._cycle = self._bench.cycle
        return values
