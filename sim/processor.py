"""The small processor of a board, simulated, with a stream of bytes for a terminal."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

import gateware
import sim
import soc
from sim.byte_board import ByteBoard
from sim.compile import compile_design, source_key
from sim.linked import LinkedSimulation
from soc.cpu.microcontroller import Microcontroller, PROGRAM_BYTES

__all__ = ["SimulatedProcessor"]

CLOCK_HZ = 100e6
"""What its timer says: by itself it is no part of a board."""


class _Linked(wiring.Component):
    """A microcontroller with the ports that `LinkedSimulation` looks for."""

    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))
    active: Out(1)
    stopped: Out(1)

    def __init__(self, program, size):
        self._controller = Microcontroller(program=program, clock_hz=CLOCK_HZ, size=size)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller = controller = self._controller
        connect(m, flipped(self.rx), controller.typed)
        connect(m, controller.shown, flipped(self.tx))
        m.d.comb += self.stopped.eq(controller.stopped)
        return m


class SimulatedProcessor(ByteBoard):
    """:class:`soc.cpu.microcontroller.Microcontroller` in the compiled simulation, some two million cycles per second.

    Parameters
    ----------
    program : bytes
        See :mod:`flow.firmware`.
    size : int
        Bytes of the program memory.

    Attributes
    ----------
    busy : bool
        False: whether the program is at work cannot be seen from outside.
    patience : int
        Cycles without a byte after which it is taken to wait for one.
    """

    patience = 1 << 15

    def __init__(self, program, *, size=PROGRAM_BYTES):
        library = compile_design(
            lambda: _Linked(program, size), name="processor",
            key=source_key(gateware, soc, sim, parameters=[program, size]))
        super().__init__(LinkedSimulation(library))
        # The program begins by itself.
        self._sim.quiet = False

    @property
    def stopped(self):
        """Whether the program has ended itself."""
        return bool(self._sim.get("stopped"))

    def reset(self):
        """A cycle in which the reset of the clock domain is set."""
        self._sim.set("rst", 1)
        self._sim.run(1)
        self._sim.set("rst", 0)
