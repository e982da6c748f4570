"""Blocks of the gateware as they are counted on their own: docs/sizes.md."""

from dataclasses import dataclass
from typing import Callable

from gateware.block_ram import BlockRam
from gateware.config import CONFIGS
from gateware.control.bus_monitor import BusMonitor
from gateware.control.counters import Counters
from gateware.control.dispatch import Dispatch
from gateware.control.fetch import ProgramFetch
from gateware.control.memory_side import MemorySide
from gateware.control.result_sink import ResultSink
from gateware.control.store_unit import StoreUnit
from gateware.control.window_resolver import WindowResolver
from gateware.dma.axi_memory import AxiMemory
from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from gateware.dma.read_engine import ReadEngine
from gateware.dma.write_engine import WriteEngine
from gateware.dot.accumulator import Accumulator
from gateware.dot.code_decoder import CodeDecoder
from gateware.dot.digit_array import DigitArray
from gateware.dot.engine import DotEngine
from gateware.dot.sub_block_scaler import SubBlockScaler
from gateware.dot.sub_block_sums import SubBlockSums
from gateware.dot.minimum_sums import MinimumSums
from gateware.dot.multiplier_array import MultiplierArray
from gateware.dot.result_serialiser import ResultSerialiser
from gateware.dot.row_aligner import RowAligner
from gateware.dot.row_sequencer import RowSequencer
from gateware.dot.scale_reader import ScaleReader
from gateware.dot.step_sequencer import StepSequencer
from gateware.dot.sub_scale_table import SubScaleTable
from gateware.dot.x_buffer import XBuffer
from gateware.numeric.block_float import BlockFloatRound
from gateware.numeric.fp32_add import Fp32Add
from gateware.numeric.fp32_multiply import Fp32Multiply
from gateware.numeric.function import Fp32Function
from gateware.numeric.integer_to_fp32 import IntegerToFp32
from gateware.numeric.multiplier import Multiplier
from gateware.stream.block_fifo import BlockFifo
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer
from gateware.vector.max_reducer import MaxReducer
from gateware.vector.quantiser import Quantiser
from gateware.vector.scratchpad import Scratchpad
from gateware.vector.sum_reducer import SumReducer
from gateware.vector.unit import VectorUnit
from soc.cpu.accelerator_port import AcceleratorPort
from soc.cpu.bus_register import BusRegister
from soc.cpu.control_port import ControlPort
from soc.cpu.dram_window import DramWindow
from soc.cpu.microcontroller import Microcontroller, PROGRAM_BYTES
from soc.link.bridge import LinkBridge
from soc.link.uart_receiver import UartReceiver
from soc.link.uart_transmitter import UartTransmitter
from soc.memory_arbiter import MemoryArbiter
from soc.memory_gate import MemoryGate
from soc.memory_switch import MemorySwitch
from soc.program_guard import ProgramGuard
from soc.register_switch import RegisterSwitch
from soc.sd.host import SdHost
from soc.shared_line import SharedLine

__all__ = ["BLOCKS", "Block", "CONFIG"]

CONFIG = CONFIGS["ecp5"]
"""The configuration whose parts these are."""

_DOT, _LANES, _BUS = CONFIG.dot, CONFIG.vector.lanes, CONFIG.memory.bus_bits
_MEMORY_BYTES = 1 << 28
# A controller of DDR3: docs of `flow.units`.
_NATIVE = {"bus_bits": _BUS, "word_bits": 128, "address_bits": 24}


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block and its parameters.

    Attributes
    ----------
    folder : str
        Under which heading it stands.
    kind : type
        The component.
    what : str
        Its parameters in words; empty if it has none.
    make : callable
        Makes the component.
    element_names : bool
        See :func:`flow.synthesis.synthesise_rtlil`.
    """

    folder: str
    kind: type
    what: str
    make: Callable
    element_names: bool = True


def _folder(name, *rows):
    return tuple(Block(folder=name, kind=kind, what=what, make=make, element_names=kind is not XBuffer)
                 for kind, what, make in rows)


BLOCKS = (
    *_folder(
        "gateware/stream",
        (SkidBuffer, "64 bits", lambda: SkidBuffer(shape=64)),
        (LutFifo, "64 bits, 16 payloads", lambda: LutFifo(shape=64, depth=16)),
        (BlockFifo, "64 bits, 512 payloads", lambda: BlockFifo(shape=64, depth=512)),
        (BlockRam, "64 bits, 512 words", lambda: BlockRam(width=64, depth=512))),
    *_folder(
        "gateware/numeric",
        (Multiplier, "18 by 18 bits", lambda: Multiplier(a_width=18, b_width=18, signed=True)),
        (Fp32Add, "", Fp32Add), (Fp32Multiply, "", Fp32Multiply), (Fp32Function, "", Fp32Function),
        (IntegerToFp32, "", IntegerToFp32), (BlockFloatRound, "", BlockFloatRound)),
    *_folder(
        "gateware/dot",
        (RowAligner, "", lambda: RowAligner(bus_bits=_BUS)),
        (RowSequencer, "", lambda: RowSequencer(dot=_DOT, bus_bits=_BUS)),
        (CodeDecoder, "", lambda: CodeDecoder(dot=_DOT, bus_bits=_BUS)),
        (StepSequencer, "", lambda: StepSequencer(dot=_DOT)),
        (ScaleReader, "", lambda: ScaleReader(dot=_DOT, bus_bits=_BUS)),
        (SubScaleTable, "", lambda: SubScaleTable(dot=_DOT)),
        (XBuffer, "", lambda: XBuffer(dot=_DOT, vector_lanes=_LANES)),
        (MultiplierArray, "", lambda: MultiplierArray(lanes=_DOT.lanes, columns=_DOT.columns)),
        (DigitArray, "", lambda: DigitArray(lanes=_DOT.lanes, columns=_DOT.columns)),
        (SubBlockScaler, "", lambda: SubBlockScaler(lanes=_DOT.lanes, columns=_DOT.columns, sub_scales=True)),
        (SubBlockSums, "", lambda: SubBlockSums(dot=_DOT, vector_lanes=_LANES)),
        (MinimumSums, "", lambda: MinimumSums(_DOT.columns)),
        (Accumulator, "", lambda: Accumulator(dot=_DOT)),
        (ResultSerialiser, "", lambda: ResultSerialiser(dot=_DOT)),
        (DotEngine, "all of these, without DigitArray",
         lambda: DotEngine(dot=_DOT, bus_bits=_BUS, vector_lanes=_LANES))),
    *_folder(
        "gateware/vector",
        (Scratchpad, "", lambda: Scratchpad(lanes=_LANES, elements=CONFIG.vector.scratchpad)),
        (SumReducer, "", lambda: SumReducer(lanes=_LANES)),
        (MaxReducer, "", lambda: MaxReducer(lanes=_LANES)),
        (Quantiser, "", lambda: Quantiser(lanes=_LANES)),
        (VectorUnit, "all of these, lanes and functions",
         lambda: VectorUnit(vector=CONFIG.vector, bus_bits=_BUS))),
    *_folder(
        "gateware/dma",
        (ReadEngine, f"{CONFIG.memory.prefetch_beats} beats",
         lambda: ReadEngine(bus_bits=_BUS, depth=CONFIG.memory.prefetch_beats)),
        (WriteEngine, "", lambda: WriteEngine(bus_bits=_BUS)),
        (NativeReader, "words of 128 bits, 24 bits of address", lambda: NativeReader(bank_shift=7, **_NATIVE)),
        (NativeWriter, "words of 128 bits, 24 bits of address", lambda: NativeWriter(**_NATIVE)),
        (AxiMemory, "two ports of 64 bits", lambda: AxiMemory(bus_bits=_BUS))),
    *_folder(
        "gateware/control",
        (ProgramFetch, "", lambda: ProgramFetch(bus_bits=_BUS)),
        (MemorySide, f"queue of {CONFIG.memory.queue}",
         lambda: MemorySide(queue=CONFIG.memory.queue, bus_bits=_BUS)),
        (WindowResolver, "part of MemorySide", WindowResolver),
        (Dispatch, "", Dispatch), (ResultSink, "with what is for traces", ResultSink), (StoreUnit, "", StoreUnit),
        (BusMonitor, "", BusMonitor), (Counters, "", Counters)),
    *_folder(
        "soc",
        (MemorySwitch, "", lambda: MemorySwitch(bus_bits=_BUS)),
        (MemoryArbiter, "of two masters", lambda: MemoryArbiter(bus_bits=_BUS)),
        (MemoryGate, "part of ProgramGuard", lambda: MemoryGate(bus_bits=_BUS)),
        (ProgramGuard, "", lambda: ProgramGuard(bus_bits=_BUS, memory_bytes=_MEMORY_BYTES)),
        (RegisterSwitch, "", RegisterSwitch),
        (SharedLine, "", lambda: SharedLine(timeout=2_000_000))),
    *_folder(
        "soc/link",
        (LinkBridge, "", lambda: LinkBridge(identity=CONFIG.image_key, bus_bits=_BUS, memory_bytes=_MEMORY_BYTES)),
        (UartReceiver, "", UartReceiver), (UartTransmitter, "", UartTransmitter)),
    *_folder(
        "soc/cpu",
        (Microcontroller, f"{PROGRAM_BYTES >> 10} KiB of memory", lambda: Microcontroller(program=b"", clock_hz=100e6)),
        (DramWindow, "", lambda: DramWindow(bus_bits=_BUS, memory_bytes=_MEMORY_BYTES)),
        (BusRegister, "", BusRegister), (AcceleratorPort, "", AcceleratorPort),
        (ControlPort, "", lambda: ControlPort(address_bits=14))),
    *_folder(
        "soc/sd",
        (SdHost, "", lambda: SdHost(bus_bits=_BUS))),
)
"""The blocks, in the order of the page."""
