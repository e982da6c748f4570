"""What a program reads and writes, as numbers."""

from dataclasses import dataclass

import numpy as np

from gateware.extent import extent
from gateware.isa import Opcode, Sink

__all__ = ["ProgramState", "Results"]

_SCALARS = 64
_FP32_BYTES = 4


@dataclass
class Results:
    """What one instruction wrote, in float64.

    Attributes
    ----------
    values : numpy.ndarray or None
        Elements of a ``VECTOR``, shape (length,); results of a ``DOT``, shape (columns, rows). None if they
        went nowhere. Values for the KV cache are in units of `scale`.
    reduced : float or None
        What went to the scalar register.
    scale : float or None
        Scale of a position in the KV cache.
    """

    values: np.ndarray | None = None
    reduced: float | None = None
    scale: float | None = None


class ProgramState:
    """Scratchpad, scalar registers, x-buffer and KV cache, in float64.

    Parameters
    ----------
    compiled : host.compiler.compiled.Compiled

    Attributes
    ----------
    scratchpad, scalars : numpy.ndarray
    columns : list of numpy.ndarray or None
    cache : dict of str to numpy.ndarray
        By region of the memory map: K or V of a KV head, shape (context, head dimension).
    scales : dict of str to numpy.ndarray
        By region: the scale of each position, shape (context,).
    memory : dict of str to (int, numpy.ndarray)
        By region that takes fp32 elements: its first byte, and what each 4 bytes of it hold.
    """

    def __init__(self, compiled):
        self.scratchpad = np.zeros(compiled.config.vector.scratchpad)
        self.scalars = np.zeros(_SCALARS)
        self.columns = [None] * compiled.config.dot.logical_columns
        self._region_at = compiled.placement.map.region_at
        self.cache, self.scales, self.memory = {}, {}, {}
        for instruction in compiled.program:
            if instruction.sink == Sink.MEMORY:
                region = self._region_at(instruction.store_base)
                bytes_of_region = compiled.placement.map.regions[region]
                self.memory[region] = bytes_of_region.start, np.zeros(len(bytes_of_region) // _FP32_BYTES)
            if instruction.opcode == Opcode.VECTOR and instruction.sink == Sink.STORE:
                shape = compiled.context, instruction.length
                self.cache[self._region_at(instruction.store_base)] = np.zeros(shape)
                self.scales[self._region_at(instruction.scale_base)] = np.zeros(shape[0])

    def write(self, instruction, results, position):
        """Let `instruction` write `results` at a position."""
        values = results.values
        skip = extent(instruction, token=0, position=position, bus_bytes=_FP32_BYTES).skip
        if results.reduced is not None:
            self.scalars[instruction.reduce_destination] = results.reduced
        match instruction.opcode, instruction.sink:
            case (Opcode.DOT, Sink.SCRATCHPAD):
                for index, column in enumerate(values):
                    start = instruction.destination + index * instruction.destination_stride + skip
                    self.scratchpad[start:start + len(column)] = column
            case (Opcode.VECTOR, Sink.SCRATCHPAD):
                self.scratchpad[instruction.destination:instruction.destination + len(values)] = values
            case (Opcode.VECTOR, Sink.COLUMN):
                self.columns[instruction.destination] = values
            case (_, Sink.MEMORY):
                # Of a DOT for each column, of a VECTOR all of them.
                columns = np.atleast_2d(values)
                address = instruction.store_base + position * instruction.store_index_stride
                for index, column in enumerate(columns):
                    start = address + _FP32_BYTES * index * instruction.destination_stride
                    self._write_elements(start, instruction, column)
            case (Opcode.VECTOR, Sink.STORE):
                self.cache[self._region_at(instruction.store_base)][position] = values
                self.scales[self._region_at(instruction.scale_base)][position] = results.scale

    def _write_elements(self, address, instruction, values):
        first, elements = self.memory[self._region_at(instruction.store_base)]
        elements[(address - first + instruction.store_stride * np.arange(len(values))) // _FP32_BYTES] = values
