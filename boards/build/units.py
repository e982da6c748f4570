"""The units that can be built on their own."""

from gateware.accelerator import Accelerator
from gateware.dma.read_engine import ReadEngine
from gateware.dot.engine import DotEngine
from gateware.vector.unit import VectorUnit

__all__ = ["UNITS"]

UNITS = {
    "dot-engine": DotEngine,
    "vector-unit": VectorUnit,
    "dma": lambda config: ReadEngine(bus_bits=config.bus_bits, depth=config.prefetch_beats),
    "accelerator": Accelerator,
}
"""Functions that make a unit of a configuration, by the names of the command line."""
