"""A processor of a board in the compiled simulation, with somebody at its terminal."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from soc.cpu.microcontroller import Microcontroller, PROGRAM_BYTES

__all__ = ["Terminal"]


class _Watched(wiring.Component):
    """A microcontroller that shows what it has to say at once, to the simulation's trace."""

    typed: In(stream.Signature(8))
    trace: Out(wiring.Signature({"valid": Out(1), "payload": Out(8)}))
    stopped: Out(1)

    def __init__(self, program, size):
        self._program, self._size = program, size
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = Microcontroller(program=self._program, size=self._size)
        connect(m, flipped(self.typed), controller.typed)
        m.d.comb += [
            controller.shown.ready.eq(1),
            self.trace.valid.eq(controller.shown.valid),
            self.trace.payload.eq(controller.shown.payload),
            self.stopped.eq(controller.stopped),
        ]
        return m


class Terminal:
    """What one types to a program, and what it answers.

    Parameters
    ----------
    program : bytes
    size : int
        Bytes of the program memory.

    Attributes
    ----------
    simulation : sim.compiled.CompiledSimulation
    """

    def __init__(self, program, *, size=PROGRAM_BYTES):
        self.simulation = CompiledSimulation(compile_design(_Watched(program, size), name="microcontroller"))
        self.simulation.tracing = True

    def run(self, cycles):
        """Run until the program stops, or for so many cycles; returns what it has shown meanwhile (bytes)."""
        self.simulation.run(cycles, until="stopped")
        return self.simulation.take_trace()[1][:, 0].tobytes()

    def type(self, text, cycles):
        """Type some bytes as fast as the board takes them, and then run."""
        shown = b""
        for byte in text:
            self.simulation.set("typed__payload", byte)
            self.simulation.set("typed__valid", 1)
            self.simulation.run(cycles, until="typed__ready")
            assert self.simulation.stopped_by == "typed__ready"
            self.simulation.set("typed__valid", 0)
        return shown + self.run(cycles)
