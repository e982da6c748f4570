"""A line that a bridge shares with a terminal, simulated: a board without an accelerator and without a processor."""

from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

import gateware
from gateware.memory_port import MemoryPort
from gateware.stream.fifo import StreamFifo
from sim.byte_board import ByteBoard
from sim.compile import compile_design, source_key
from sim.dram import Dram
from sim.linked import LinkedSimulation
import soc
from soc.link.bridge import LinkBridge
from soc.link.protocol import CODES
from soc.register_switch import RegisterSwitch
from soc.registers import Registers
from soc.shared_line import SharedLine

__all__ = ["SimulatedSharedLine"]

_SOURCE = Path(__file__).read_text()


class _Design(wiring.Component):
    """The terminal says back what is typed, but for what no terminal shows: bytes below ``CODES``."""

    def __init__(self, bus_bits, memory_bytes, timeout, depth):
        self._line = SharedLine(timeout=timeout, depth=depth)
        self._bridge = LinkBridge(identity=0, bus_bits=bus_bits, memory_bytes=memory_bytes, shared=True)
        self._registers = Registers(identity=0, bus_bytes=bus_bits // 8, memory_bytes=memory_bytes,
                                    guarded=True)
        self._switch = RegisterSwitch()
        self._depth = depth
        super().__init__({
            "rx": In(stream.Signature(8)),
            "tx": Out(stream.Signature(8)),
            "memory": Out(MemoryPort(bus_bits)),
            "active": Out(1),
            "echo": In(1, init=1),
            "dropped": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.line, m.submodules.bridge = line, bridge = self._line, self._bridge
        m.submodules.registers, m.submodules.switch = registers, switch = self._registers, self._switch
        m.submodules.echo = echo = StreamFifo(shape=8, depth=2)
        connect(m, flipped(self.rx), line.rx)
        connect(m, line.tx, flipped(self.tx))
        connect(m, line.to_bridge, bridge.rx)
        connect(m, bridge.tx, line.from_bridge)
        connect(m, bridge.memory, flipped(self.memory))
        connect(m, echo.o, line.shown)
        connect(m, bridge.registers, switch.link)
        for name in ("index", "write", "data"):
            m.d.comb += getattr(registers, name).eq(getattr(switch, name))
        for name in ("value", "readable", "writable", "allowed"):
            m.d.comb += getattr(switch, name).eq(getattr(registers, name))
        m.d.comb += [
            echo.i.valid.eq(line.typed.valid & self.echo & (line.typed.payload >= CODES)),
            echo.i.payload.eq(line.typed.payload),
            line.typed.ready.eq(echo.i.ready & self.echo),
            self.active.eq(bridge.active | line.waiting),
            self.dropped.eq(line.dropped),
        ]
        return m


class SimulatedSharedLine(ByteBoard):
    """:class:`soc.shared_line.SharedLine` with a bridge and a terminal that says back what is typed, with the members
    of `sim.board.SimulatedBoard`.

    Parameters
    ----------
    content, bus_bits, link_stalls, seed
        See `testing.bridge.SimulatedBridge`.
    timeout, depth : int
        See :class:`soc.shared_line.SharedLine`.

    Attributes
    ----------
    echo : bool
        Whether the terminal reads; set it.
    """

    hertz = 75e6
    patience = 64

    def __init__(self, content, *, bus_bits, timeout, depth=1024, link_stalls=0.0, seed=0):
        self.content = content
        memory = Dram(content, bus_bits=bus_bits)
        library = compile_design(
            lambda: _Design(bus_bits, memory.size, timeout, depth), name="shared-line",
            key=source_key(gateware, soc, parameters=(bus_bits, memory.size, timeout, depth, _SOURCE)))
        super().__init__(LinkedSimulation(library, dram=memory, stall_probability=link_stalls, seed=seed))
        self.echo = True

    @property
    def echo(self):
        return bool(self._sim.get("echo"))

    @echo.setter
    def echo(self, echo):
        self._sim.set("echo", int(echo))
