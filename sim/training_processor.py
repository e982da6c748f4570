"""A board's processor with its firmware and a DDR3 that it trains, simulated."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
import numpy as np

import gateware
import sim
import soc
from sim.byte_board import ByteBoard
from sim.compile import compile_design, source_key
from sim.linked import LinkedSimulation
from sim.pins import Ddr3Board, Ddr3Pins
from soc.cpu.control_port import ControlPort
from soc.cpu.map import Region
from soc.cpu.microcontroller import Microcontroller
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.ports import pass_through

__all__ = ["TrainingProcessor"]

_BUS_BITS = 128
_QUIET = 1 << 14


class _Design(wiring.Component):
    """Microcontroller and controller, with the ports that `LinkedSimulation` looks for; nobody uses the DRAM."""

    def __init__(self, core, program, clock_hz):
        self._processor = Microcontroller(program=program, clock_hz=clock_hz, others=[Region.CONTROLLER])
        self._controller = DramController(core=core, bus_bits=_BUS_BITS, trained=True)
        self._core = core
        self._pins = [name for name, _, _ in core.signals]
        super().__init__(
            {"rx": In(stream.Signature(8)), "tx": Out(stream.Signature(8)), "active": Out(1), "ready": Out(1)}
            | {name: self._controller.signature.members[name] for name in self._pins})

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = self._processor
        m.submodules.controller = controller = self._controller
        m.submodules.port = port = ControlPort(address_bits=self._core.csr_address_bits)
        connect(m, flipped(self.rx), processor.typed)
        connect(m, processor.shown, flipped(self.tx))
        connect(m, processor.controller, port.bus)
        connect(m, port.control, controller.control)
        pass_through(m, self, controller, self._pins)
        m.d.comb += self.ready.eq(controller.ready)
        return m


class TrainingProcessor(ByteBoard):
    """Processor, terminal and a DDR3 behind the pins of its PHY, from the reset on.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
        With ``ECP5DDRPHY`` or ``A7DDRPHY``.
    program : bytes
        The firmware, for this memory; see :mod:`flow.firmware`.
    board : sim.pins.Ddr3Board

    Attributes
    ----------
    pins : sim.pins.Ddr3Pins
        Its ``board`` may be changed.
    """

    def __init__(self, memory, program, *, board=Ddr3Board()):
        core = generate_controller(memory, end="cells")
        self.pins = Ddr3Pins(np.zeros(memory.bytes, np.uint8), memory=memory, core=core, board=board)
        library = compile_design(
            lambda: _Design(core, program, memory.clock_hz), name=f"training-processor-{memory.name}",
            key=source_key(gateware, soc, sim, parameters=[memory, core.verilog, program]))
        super().__init__(LinkedSimulation(library, memory=self.pins))

    @property
    def ready(self):
        """Whether the DRAM may be used."""
        return bool(self._sim.get("ready"))

    def reset(self):
        """Back to the state after configuration."""
        self._sim.reset()

    def talk(self, typed=b"", *, until=b"> ", cycles=1 << 24):
        """Type something, and see what is shown up to the next prompt.

        Parameters
        ----------
        typed : bytes
        until : bytes
            The last bytes that are waited for.
        cycles : int
            At most so many.

        Returns
        -------
        bytes

        Raises
        ------
        RuntimeError
            If they do not come.
        """
        shown, end = bytearray(), self.cycle + cycles
        while typed or not shown.endswith(until):
            if self.cycle >= end:
                raise RuntimeError(f"no {until!r} after {cycles:,} cycles, but {bytes(shown)!r}")
            taken, more = self.exchange(typed, cycles=end - self.cycle, quiet=_QUIET)
            shown += more
            typed = typed[taken:]
        return bytes(shown)
