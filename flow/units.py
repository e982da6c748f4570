"""What can be built on its own: units of the accelerator, the processor of a board, and the systems of boards."""

from boards.board import BOARDS
from gateware.accelerator import Accelerator
from gateware.control.result_sink import ResultSink
from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from gateware.dma.read_engine import ReadEngine
from gateware.dot.engine import DotEngine
from gateware.vector.unit import VectorUnit
from soc.cpu.microcontroller import Microcontroller
from soc.sd.host import SdHost
from soc.system import System

__all__ = ["UNITS"]


# Words and addresses of the controller of a 2 Gbit DDR3 device with 16 pins of data, four of its clocks to one of the
# controller: a row of 2 KiB is 128 words, and above it begins the bank.
_NATIVE = {"word_bits": 128, "address_bits": 24}
_BANK_SHIFT = 7


def _system(board):
    # Without the controller of the DRAM and the pins.
    return lambda config: System(config, memory_bytes=BOARDS[board].memory.bytes)


UNITS = {
    "dot-engine": lambda config: DotEngine(
        dot=config.dot, bus_bits=config.memory.bus_bits, vector_lanes=config.vector.lanes),
    "vector-unit": lambda config: VectorUnit(vector=config.vector, bus_bits=config.memory.bus_bits),
    "dma": lambda config: ReadEngine(bus_bits=config.memory.bus_bits, depth=config.memory.prefetch_beats),
    "native-reader": lambda config: NativeReader(bus_bits=config.memory.bus_bits, bank_shift=_BANK_SHIFT, **_NATIVE),
    "native-writer": lambda config: NativeWriter(bus_bits=config.memory.bus_bits, **_NATIVE),
    "result-sink": lambda config: ResultSink(),
    "microcontroller": lambda config: Microcontroller(program=b"", clock_hz=100e6),
    "sd-host": lambda config: SdHost(bus_bits=config.memory.bus_bits),
    "accelerator": Accelerator,
} | {board: _system(board) for board in BOARDS}
"""Functions that make a unit of a configuration, by the names of the command line; a board stands for its accelerator
and link."""
