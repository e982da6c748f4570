"""What can be built on its own: units of the accelerator, and the systems of boards."""

from boards.board import BOARDS
from gateware.accelerator import Accelerator
from gateware.dma.read_engine import ReadEngine
from gateware.dot.engine import DotEngine
from gateware.vector.unit import VectorUnit
from soc.dram.memories import MEMORIES
from soc.system import System

__all__ = ["UNITS"]


def _system(board):
    # Without the controller of the DRAM and the pins.
    return lambda config: System(config, memory_bytes=MEMORIES[board].bytes)


UNITS = {
    "dot-engine": DotEngine,
    "vector-unit": VectorUnit,
    "dma": lambda config: ReadEngine(bus_bits=config.bus_bits, depth=config.prefetch_beats),
    "accelerator": Accelerator,
} | {board: _system(board) for board in BOARDS}
"""Functions that make a unit of a configuration, by the names of the command line; a board stands for its accelerator
and link."""
