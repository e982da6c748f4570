"""The golden model: the same program, the same bits as the gateware, in NumPy."""

import struct

import numpy as np

from gateware.exact.block_float import BLOCK
from gateware.exact.dot import exact_dot, exact_expand, unpack_power
from gateware.exact.fp32 import fp32_total_order_key
from gateware.exact.vector_pass import (CODE_BITS, column, hide, reduce_largest, reduce_max, reduce_sum, scale_bits,
                                         stored, stored_integers, swap, vector_pass)
from gateware.extent import extent
from gateware.isa import (CodeOrder, INSTRUCTION_BITS, Opcode, Reduce, Sink, Source, TABLE_FIELDS, VECTOR_CODES,
                          decode)
from host.engine.matrix_reader import MatrixReader
from host.engine.program_engine import ProgramEngine
from host.image.cache_codes import from_elements, to_elements

__all__ = ["ModelEngine"]

_SCALARS = 64
_CHUNK_CODES = 1 << 16
_FP32_BYTES = 4
_REDUCTIONS = {Reduce.SUM: reduce_sum, Reduce.MAX: reduce_max, Reduce.LARGEST: reduce_largest}


class ModelEngine(ProgramEngine):
    """Executes the programs of a memory image, instruction by instruction.

    A program runs from its first instruction to ``END``, with the ids of its tokens and the position of the first one
    in registers. Matrices are decoded from the image in chunks; small ones are kept decoded.

    Parameters
    ----------
    image : host.image.image.Image
        Its memory is written: the KV cache lives in it.
    cache_bytes : int, optional
        Decoded matrices that are kept, in bytes; an eighth of the image, at least 32 MiB, by default.
    """

    free_logits = True

    def __init__(self, image, *, cache_bytes=None):
        super().__init__(image)
        self._memory = image.memory
        self._bus_bytes = image.header.bus_bits // 8
        self._cache_bytes = max(32 << 20, image.memory.size // 8) if cache_bytes is None else cache_bytes
        config = image.compiled.config
        self._scratchpad = np.zeros(config.vector.scratchpad, np.float32)
        self._scalars = np.zeros(_SCALARS, np.float32)
        self._columns = [None] * config.dot.logical_columns
        self._kept = {}
        self._programs = {}
        self._table = None

    def run(self, tokens, part, *, trace=None):
        """See :meth:`ProgramEngine.run`."""
        key = len(tokens), part
        if key not in self._programs:
            self._programs[key] = [self._prepare(instruction) for instruction in self._decode_program(*key)]
        self._tokens, self._trace = tokens, trace
        with np.errstate(all="ignore"):
            for self._index, run in enumerate(self._programs[key]):
                run()
        return self.read_results(part.rows(len(tokens))) if part.stores_logits else None

    def _decode_program(self, tokens, part):
        start, size = self.image.compiled.program_address(tokens, part), INSTRUCTION_BITS // 8
        for index in range(len(self.image.compiled.programs[tokens, part])):
            yield decode(self._memory[start + index * size:start + (index + 1) * size].tobytes())

    def _prepare(self, instruction):
        """A function that executes ``instruction``."""
        match instruction.opcode:
            case Opcode.END:
                return lambda: None
            case Opcode.TABLE:
                # Programs are prepared in order, so that the table in effect is the one that was prepared last.
                words = [getattr(instruction, name) for name in TABLE_FIELDS]
                self._table = struct.unpack("<16b", struct.pack("<4I", *words))
                return lambda: None
            case Opcode.VECTOR:
                return self._prepare_vector(instruction)
            case _ if instruction.expand:
                reader = MatrixReader(self._memory, instruction, self._table, self._bus_bytes)
                return lambda: self._expand(instruction, reader)
            case _ if instruction.code_order == CodeOrder.ELEMENTS:
                return lambda: self._cached_codes(instruction)
            case _:
                return self._prepare_matrix(instruction)

    # -- DOT ------------------------------------------------------------------------------------------------------

    def _prepare_matrix(self, i):
        reader = MatrixReader(self._memory, i, self._table, self._bus_bytes)
        step = max(1, _CHUNK_CODES // reader.row_codes)
        chunks = [(start, min(step, i.rows - start)) for start in range(0, i.rows, step)]
        decoded_bytes = i.rows * reader.row_codes * 8
        if i.stream_base not in self._kept and decoded_bytes <= self._cache_bytes:
            self._cache_bytes -= decoded_bytes
            self._kept[i.stream_base] = []

        def run():
            parts = (reader.read(i.stream_base, rows, first=start) for start, rows in chunks)
            if i.stream_base in self._kept:
                kept = self._kept[i.stream_base]
                if not kept:
                    kept.extend(parts)
                parts = kept
            self._dot_results(i, [self._multiply(i, part) for part in parts])
        return run

    def _multiply(self, i, part):
        """Results (columns, rows) of some rows."""
        columns = (self._vectors(index, *part["codes"].shape[1:]) for index in range(i.columns))
        return np.stack([exact_dot(**part, x_mantissa=mantissas, x_exponent=exponents, headroom=i.headroom)
                         for mantissas, exponents in columns])

    def _vectors(self, index, count, width):
        """The first ``count`` vectors, or parts of ``width`` elements, of a column."""
        mantissas, exponents = self._columns[index]
        if width < VECTOR_CODES:
            mantissas, exponents = mantissas.reshape(-1, width), np.repeat(exponents, VECTOR_CODES // width)
        return mantissas[:count], exponents[:count]

    def _cached_codes(self, i):
        """Rows of the KV cache: codes in element order, without scales."""
        e = self._extent(i)
        lines = from_elements(self._stream(e).reshape(e.rows, -1), i.code_bits)
        if i.paired:
            lines = lines.reshape(e.rows, -1, 2).transpose(0, 2, 1).reshape(e.results, -1)
        codes = lines[:, :e.vectors * VECTOR_CODES].reshape(-1, e.vectors, VECTOR_CODES).astype(np.float64)
        unit = unpack_power(np.zeros((1, 1)))
        self._dot_results(i, [self._multiply(i, {"codes": codes, "scale": unit})])

    def _expand(self, i, reader):
        """One row of a table, element by element: code times scale."""
        e = self._extent(i)
        part = reader.read(e.base, 1, offset=e.offset)
        self._dot_results(i, [exact_expand(**part, headroom=i.headroom).reshape(1, -1)])

    def _dot_results(self, i, parts):
        results = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        skip = self._extent(i).skip if i.window else 0
        for index, column_results in enumerate(results):
            match i.sink:
                case Sink.SCRATCHPAD:
                    self._write_scratchpad(i.destination + skip + index * i.destination_stride, column_results)
                case Sink.MEMORY:
                    start = self._extent(i).store_address + _FP32_BYTES * index * i.destination_stride
                    self._write_elements(start, i.store_stride, column_results)
        if i.reduce == Reduce.ARGMAX:
            choices = fp32_total_order_key(results).argmax(axis=1).tolist()
            self.choices += choices
            if self._trace:
                for index, choice in enumerate(choices):
                    self._trace.argmax(self._index, index, choice)

    # -- VECTOR ---------------------------------------------------------------------------------------------------

    def _prepare_vector(self, i):
        # The vector unit pads nothing: elements past the end are neither written nor reduced.
        a, b, c = self._operand(i, "a"), self._operand(i, "b"), self._operand(i, "c")

        def run():
            e = self._extent(i)
            n = e.length
            left = a(n, e)
            if i.a_swap:
                left = swap(left)
            right = left if b is None else b(n, e)
            result = vector_pass(left, right, c(n, e), i.function)
            # A pass over scalars alone has one result per element all the same.
            result = result if np.ndim(result) else np.full(n, result, np.float32)
            result, counts = hide(result, e.hidden)
            if i.reduce != Reduce.NONE:
                reduced = _REDUCTIONS[i.reduce](result if i.reduce == Reduce.SUM else counts)
                self._write_scalar(i.reduce_destination, reduced)
            match i.sink:
                case Sink.SCRATCHPAD:
                    self._write_scratchpad(i.destination, result)
                case Sink.COLUMN:
                    self._write_column(i.destination, result, i.pad)
                case Sink.STORE:
                    self._store(i, result, e)
                case Sink.MEMORY:
                    self._write_elements(e.store_address, i.store_stride, result)
        return run

    def _operand(self, i, name):
        """A function from length and extent to the operand's elements, or None for the element of ``a``."""
        source, where = getattr(i, f"{name}_source"), getattr(i, name)
        match source:
            case Source.SCRATCHPAD if name == "b" and i.b_wrap:
                return lambda n, e: np.resize(self._scratchpad[where:where + i.b_wrap], n)
            case Source.SCRATCHPAD:
                return lambda n, e: self._scratchpad[where:where + n]
            case Source.SCALAR:
                return lambda n, e: self._scalars[where]
            case Source.IMMEDIATE:
                value = np.uint32(where).view(np.float32)
                return lambda n, e: value
            case Source.SAME:
                return None
            case Source.STREAM:
                return lambda n, e: self._stream(e).reshape(-1).view("<f4")[:n]

    def _stream(self, e):
        """The bytes of a stream: uint8 array (lines, bytes of a line)."""
        size = self._bus_bytes
        if e.lines == 1 and len(e.pieces) == 1:
            return self._memory[e.base * size:(e.base + e.beats) * size].reshape(1, -1)
        words = np.concatenate([np.arange(first, first + beats) for first, beats in e.pieces])
        every = words + e.stride * np.arange(e.lines)[:, np.newaxis]
        return self._memory.reshape(-1, size)[every].reshape(e.lines, -1)

    def _extent(self, i):
        """What the instruction reads and writes for its token at its position."""
        return extent(i, token=self._tokens[i.member], position=self.position, bus_bytes=self._bus_bytes)

    # -- everything that is written -------------------------------------------------------------------------------

    def _write_scratchpad(self, address, values):
        self._scratchpad[address:address + len(values)] = values
        if self._trace:
            self._trace.scratchpad(self._index, address, values)

    def _write_scalar(self, register, value):
        self._scalars[register] = value
        if self._trace:
            self._trace.scalar(self._index, register, value)

    def _write_column(self, index, values, pad):
        mantissas, exponents = column(values)
        if pad:
            mantissas = np.concatenate((mantissas, np.zeros(VECTOR_CODES, np.int32)))
            if len(mantissas) > BLOCK * len(exponents):
                exponents = np.append(exponents, exponents[-1])
        vectors = mantissas.reshape(-1, VECTOR_CODES)
        per_vector = np.repeat(exponents.astype(np.int64), BLOCK // VECTOR_CODES)[:len(vectors)]
        self._columns[index] = vectors.astype(np.float64), per_vector
        if self._trace:
            self._trace.column(self._index, index, mantissas, exponents)

    def _write_elements(self, start, stride, values):
        """fp32 elements to DRAM, each at a multiple of its size."""
        addresses = start + stride * np.arange(len(values))
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        self._memory.view("<u4")[addresses // _FP32_BYTES] = bits
        if self._trace:
            self._trace.store(self._index, addresses, bits)

    def _store(self, i, values, e):
        if i.code_bits == CODE_BITS:
            codes, exponent = stored(values)
            scale = scale_bits(exponent)
        else:
            codes = stored_integers(values, i.code_bits)
            scale = int(self._scalars[i.reduce_destination].view(np.uint32))
        elements = to_elements(codes, i.code_bits)
        addresses = e.store_address + i.store_stride * np.arange(len(elements))
        for byte in range(elements.itemsize):
            self._memory[addresses + byte] = elements >> 8 * byte & 255
        self._memory[e.scale_address:e.scale_address + 4].view("<u4")[:] = scale
        if self._trace:
            self._trace.store(self._index, addresses, elements)
            self._trace.store(self._index, np.array([e.scale_address]), np.array([scale]))
