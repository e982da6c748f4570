"""Boards: a configuration, a memory, a clock."""

from dataclasses import dataclass

from gateware.config import Config
from host.errors import CelosiaError

__all__ = ["BOARDS", "Board", "find_board"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a benchmark simulates.

    Attributes
    ----------
    name : str
    config : gateware.config.Config
    memory : sim.rtl_engine.MemoryTiming or str
        What `sim.rtl_engine.RtlEngine` takes as its memory.
    clock_hz : float
        Of accelerator and memory port.
    peak_bytes_per_cycle : float
        Of the DRAM, by its data sheet.
    ceiling_bytes_per_cycle : float
        What its controller delivers when it does nothing but read on.
    dram_bytes : int
    evidence : str
        Where the figures come from.
    """

    name: str
    config: Config
    memory: object
    clock_hz: float
    peak_bytes_per_cycle: float
    ceiling_bytes_per_cycle: float
    dram_bytes: int
    evidence: str


def _ideal(bus_bits):
    from sim.rtl_engine import MemoryTiming

    config = Config(name=f"ideal-{bus_bits}", lanes=32, columns=2, slots=2, bus_bits=bus_bits, vector_lanes=4,
                    scratchpad=65536, x_elements=8192, scale_bytes=2048)
    return Board(
        name=f"ideal-{bus_bits}", config=config, memory=MemoryTiming(latency=24, bandwidth=(19, 20)), clock_hz=100e6,
        peak_bytes_per_cycle=config.bus_bytes, ceiling_bytes_per_cycle=config.bus_bytes * 0.95, dram_bytes=1 << 30,
        evidence="simulated, accelerator cycle by cycle; its memory is no controller but a model with a latency of "
                 "24 cycles and 0.95 words per cycle; a clock of 100 MHz is assumed")


BOARDS = {f"ideal-{bits}": lambda bits=bits: _ideal(bits) for bits in (32, 64, 128, 256)}
"""Functions that describe a board, by its name."""


def find_board(name):
    """The board called ``name``.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    if name not in BOARDS:
        raise CelosiaError(f"board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]()
