"""Boards: a configuration, a memory, a clock."""

from dataclasses import dataclass

from boards.board import BOARDS
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from host.errors import CelosiaError

__all__ = ["Board", "board_names", "find_board"]

_IDEAL_BITS = (32, 64, 128, 256)
_IDEAL_BANDWIDTH = (19, 20)
_IDEAL_CLOCK_HZ = 100e6


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a benchmark simulates.

    Attributes
    ----------
    name : str
    config : gateware.config.Config
    memory : host.engine.rtl_engine.MemoryTiming or soc.dram.memory.Memory
        What `host.engine.rtl_engine.RtlEngine` takes as its memory.
    clock_hz : float
        Of accelerator and memory port.
    peak_bytes_per_cycle : float
        Of the DRAM, by its data sheet.
    dram_bytes : int
        What an image may take.
    as_built : bool
        Whether it is what `celosia build` makes of a board; otherwise a study: of a clock that nothing here builds a
        board for.
    evidence : str
        What is simulated and what is assumed.
    """

    name: str
    config: Config
    memory: object
    clock_hz: float
    peak_bytes_per_cycle: float
    dram_bytes: int
    as_built: bool
    evidence: str

    def ceiling_bytes_per_cycle(self):
        """What the memory delivers while it only reads on; measured, where it has a controller."""
        if self.name.startswith("ideal-"):
            beats, cycles = _IDEAL_BANDWIDTH
            return self.peak_bytes_per_cycle * beats / cycles
        from sim.read_ceiling import read_ceiling

        return read_ceiling(self.memory, bus_bits=self.config.memory.bus_bits).bytes_per_cycle


def _ideal(name):
    from host.engine.rtl_engine import MemoryTiming

    bits = int(name.partition("-")[2])
    config = Config(name=name, dot=DotShape(columns=2, slots=2, x_elements=8192, scale_bytes=2048),
                    vector=VectorShape(scratchpad=65536),
                    memory=MemoryShape(bus_bits=bits, prefetch_beats=1024, queue=64))
    return Board(
        name=name, config=config, memory=MemoryTiming(bandwidth=_IDEAL_BANDWIDTH), clock_hz=_IDEAL_CLOCK_HZ,
        peak_bytes_per_cycle=config.memory.bus_bytes, dram_bytes=1 << 30, as_built=False,
        evidence="simulated: the accelerator, cycle by cycle; its memory is no controller but a model with a "
                 "latency of 24 cycles and 0.95 words per cycle; assumed: the clock")


def board_names():
    """All boards, and studies: boards at another clock; ``ideal-`` ones, with a memory model, not a controller."""
    from boards.memories import MEMORIES

    return [*MEMORIES, *(f"ideal-{bits}" for bits in _IDEAL_BITS)]


def find_board(name):
    """The board called ``name``.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    from boards.board import BOARDS
    from boards.memories import MEMORIES

    if name not in board_names():
        raise CelosiaError(f"board must be one of {', '.join(board_names())}, not {name!r}")
    if name not in MEMORIES:
        return _ideal(name)
    memory = MEMORIES[name]
    if memory.phy == "PS7":
        devices = "the DRAM behind the AXI ports, controller included, is a model, not RTL"
    else:
        devices = "the RTL of its LiteDRAM controller; the DRAM devices behind it are a model"
    return Board(name=name, config=BOARDS[memory.board].config, memory=memory, clock_hz=memory.clock_hz,
                 peak_bytes_per_cycle=memory.peak_bytes_per_cycle, dram_bytes=memory.bytes,
                 as_built=not memory.is_study,
                 evidence=f"simulated: the accelerator, cycle by cycle, and {devices}; the ceiling is what reads in "
                          f"order reach in such a simulation; {_clock(memory)}")


def _clock(memory):
    if memory.is_study:
        return f"a study: the clock is none that `celosia build {memory.board}` builds for"
    if BOARDS[memory.name].speed is None:
        return f"the clock is that which `celosia build {memory.name} --project` writes; nothing here routes it"
    return f"the clock is that of `celosia build {memory.name}`, which fails where it is missed"
