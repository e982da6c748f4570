"""A program executed in float64."""

import numpy as np

from gateware.exact.vector_pass import CODE_BITS, hide
from gateware.extent import extent, seen_positions
from gateware.isa import CodeOrder, Function, Opcode, Reduce, Sink, Source
from host.engine.program_state import Results

__all__ = ["FloatProgram"]

_CHUNK_BYTES = 1 << 22
_WORD_BYTES = 4
_FUNCTIONS = {
    Function.IDENTITY: lambda x: x,
    Function.EXP2: np.exp2,
    Function.RECIPROCAL: lambda x: 1 / x,
    Function.RSQRT: lambda x: 1 / np.sqrt(x),
}


class FloatProgram:
    """Executes single instructions of the program that decodes a token, without rounding anything.

    Matrices have the values that ggml dequantises. Norm weights, rotary factors and immediates are those of
    the image, which are fp32.

    Parameters
    ----------
    image : host.image.image.Image
    weight_bytes : int
        Dequantised matrices are kept up to this many bytes in all; the rest is dequantised at every use.
    """

    def __init__(self, image, *, weight_bytes=1 << 29):
        self._tensors = image.compiled.placement.tensors
        self._program = image.compiled.program
        self._memory = image.memory
        self._bus_bytes = image.compiled.config.memory.bus_bytes
        self._weight_bytes = weight_bytes
        self._kept = {}
        self._placement = image.compiled.placement
        region_at = self._placement.map.region_at
        self._regions = [region_at(i.stream_base * self._bus_bytes) for i in self._program]

    def execute(self, index, states, token, position):
        """What instruction `index` would write.

        Parameters
        ----------
        index : int
        states : sequence of host.engine.program_state.ProgramState
            Each is read; none is written.
        token, position : int
            The registers.

        Returns
        -------
        list of Results
            One for each state. Values for the KV cache are as they are, without scale.
        """
        i, region = self._program[index], self._regions[index]
        e = extent(i, token=token, position=position, bus_bytes=self._bus_bytes)
        with np.errstate(all="ignore"):
            match i.opcode:
                case Opcode.END | Opcode.TABLE:
                    return [Results() for _ in states]
                case Opcode.VECTOR:
                    return [self._vector(i, region, state, e, position) for state in states]
                case _ if i.expand:
                    row = self._tensors[region].dequantise([self._first_row(region, e)], np.float64)
                    return [Results(row) for _ in states]
                case _ if i.code_order == CodeOrder.ELEMENTS:
                    positions = seen_positions(i, position)
                    return [Results(self._cached(i, state.cache[region][positions], state)) for state in states]
                case _:
                    return self._matrix(i, region, states, self._first_row(region, e))

    def _first_row(self, region, e):
        """Row of a matrix with which a stream begins."""
        start = (e.base - self._placement.beat(region)) * self._bus_bytes + e.offset * _WORD_BYTES
        return start // self._placement.rows[region].row_bytes

    def _matrix(self, i, region, states, first):
        products = self._multiply(self._tensors[region], np.stack([
            state.columns[column] for state in states for column in range(i.columns)]))[:, first:first + i.rows]
        return [Results(part) for part in products.reshape(len(states), i.columns, -1)]

    def _multiply(self, tensor, vectors):
        """(vectors, columns) to (vectors, rows)."""
        size = 8 * tensor.shape[0] * tensor.shape[1]
        if tensor.name not in self._kept and size <= self._weight_bytes:
            self._weight_bytes -= size
            self._kept[tensor.name] = tensor.dequantise(dtype=np.float64)
        if tensor.name in self._kept:
            return vectors @ self._kept[tensor.name].T
        return np.concatenate([vectors @ tensor.dequantise(rows, np.float64).T
                               for rows in tensor.row_chunks(_CHUNK_BYTES)], axis=1)

    @staticmethod
    def _cached(i, cache, state):
        """Scores of some positions, or values mixed over them, of which a column has the shares."""
        columns = state.columns[:i.columns]
        return np.stack([cache @ column if i.rows_grow else column @ cache for column in columns])

    def _vector(self, i, region, state, e, position):
        n = e.length
        a = self._operand(i, "a", state, n)
        if i.a_swap:
            a = a.reshape(-1, 2)[:, ::-1].reshape(-1)
        match i.b_source:
            case Source.SAME:
                b = a
            case Source.STREAM if region in state.scales:
                b = state.scales[region][seen_positions(i, position)]
            case Source.STREAM if region in state.memory:
                first, elements = state.memory[region]
                start = (e.base * self._bus_bytes - first) // _WORD_BYTES
                b = elements[start:start + n]
            case Source.STREAM:
                start = e.base * self._bus_bytes
                b = self._memory[start:start + 4 * n].view("<f4").astype(np.float64)
            case _:
                b = self._operand(i, "b", state, n)
        values = np.broadcast_to(_FUNCTIONS[i.function](a * b + self._operand(i, "c", state, n)), n)
        values, counts = hide(values, e.hidden)
        reduced = {Reduce.NONE: None, Reduce.SUM: values.sum(), Reduce.MAX: counts.max(),
                   Reduce.LARGEST: np.abs(counts).max()}[i.reduce]
        if i.sink == Sink.STORE and i.code_bits != CODE_BITS:
            # The program has divided them by their scale.
            values = values * state.scalars[i.reduce_destination]
        return Results(None if i.sink == Sink.NONE else values, reduced)

    def _operand(self, i, name, state, n):
        where = getattr(i, name)
        match getattr(i, f"{name}_source"):
            case Source.SCRATCHPAD if name == "b" and i.b_wrap:
                return np.resize(state.scratchpad[where:where + i.b_wrap], n)
            case Source.SCRATCHPAD:
                return state.scratchpad[where:where + n]
            case Source.SCALAR:
                return state.scalars[where]
            case Source.IMMEDIATE:
                return np.float64(np.uint32(where).view(np.float32))
