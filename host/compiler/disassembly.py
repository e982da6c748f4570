"""Instructions as lines that people read."""

import struct

from gateware.isa import Function, Index, Opcode, Reduce, Sink, Source

__all__ = ["describe"]

_ONE, _ZERO = 0x3F800000, 0
_FP32_BYTES = 4


def describe(instruction):
    """One line of what an instruction does, without its stream's addresses.

    ``DRAM`` is addressed in bytes, ``pad`` is the scratchpad, ``s3`` scalar register 3, ``x0`` column 0 of the
    x-buffer, ``n`` the number of positions so far (position + 1).

    Parameters
    ----------
    instruction : gateware.isa.Instruction

    Returns
    -------
    str
    """
    match instruction.opcode:
        case Opcode.END:
            return "end"
        case Opcode.DOT:
            return _dot(instruction)
        case Opcode.VECTOR:
            return _vector(instruction)


def _dot(i):
    rows = _grown(i) if i.rows_grow else f"2 * {i.rows}" if i.paired else i.rows
    vectors = f"ceil(({_grown(i)}) / 32)" if i.window else f"ceil({_grown(i)} / 32)" if i.vectors_grow else i.vectors
    scales = f" with {i.scale.name} scales" if i.scale else ""
    matrix = f"{rows} x {vectors} vectors of {i.code_bits}-bit codes{scales}"
    target = {Sink.SCRATCHPAD: f"pad[{i.destination}]", Sink.MEMORY: _memory(i)}.get(i.sink)
    if i.expand:
        index = {Index.TOKEN: "token", Index.POSITION: "position"}.get(i.stream_index, "0")
        return f"{target} = row {index} of {vectors} vectors of {i.code_bits}-bit codes{scales}"
    columns = "x0" if i.columns == 1 else f"x0..x{i.columns - 1}"
    step = f", next column {i.destination_stride} further" if i.columns > 1 else ""
    product = f"{matrix} . {columns}"
    if i.reduce == Reduce.ARGMAX:
        return f"{target} = {product}{step}; their argmax" if target else f"argmax of {product}"
    return f"{target or 'nothing'} = {product}{step}"


def _grown(i):
    """How far something grows."""
    if i.window:
        sinks = f" after {i.sinks} sinks" if i.sinks else ""
        return f"n within {i.window}{sinks}"
    return f"min(n, {i.sinks})" if i.sinks else "n"


def _vector(i):
    expression = _operand(i, "a")
    if not (i.b_source == Source.IMMEDIATE and i.b == _ONE):
        expression += f" * {_operand(i, 'b')}"
    if not (i.c_source == Source.IMMEDIATE and i.c == _ZERO):
        expression += f" + {_operand(i, 'c')}"
    if i.function != Function.IDENTITY:
        expression = f"{i.function.name.lower()}({expression})"
    count = _grown(i) if i.length_grow else i.length
    elements = "" if count == 1 else f", {count} elements"
    reduced = f"s{i.reduce_destination}" if i.reduce else None
    target = {Sink.SCRATCHPAD: f"pad[{i.destination}]", Sink.COLUMN: f"x{i.destination}",
              Sink.STORE: _stored(i), Sink.MEMORY: _memory(i)}.get(i.sink)
    if target is None and reduced:
        return f"{reduced} = {'' if count == 1 else f'{i.reduce.name.lower()} of '}{expression}{elements}"
    also = f"; {reduced} = their {i.reduce.name.lower()}" if reduced else ""
    return f"{target or 'nothing'} = {expression}{elements}{also}"


def _memory(i):
    """Place of the first fp32 element in DRAM, ``p`` being the position."""
    moves = f" + p * {i.store_index_stride}" if i.store_index_stride else ""
    step = f", every {i.store_stride} bytes" if i.store_stride != _FP32_BYTES else ""
    return f"DRAM[{i.store_base}{moves}{step}]"


def _stored(i):
    scale = f" with scale s{i.reduce_destination}" if i.reduce_destination else ""
    return f"{i.code_bits}-bit codes{scale} in the KV cache"


def _operand(i, name):
    value = getattr(i, name)
    match getattr(i, f"{name}_source"):
        case Source.SCRATCHPAD:
            if name == "b" and i.b_wrap:
                return f"pad[{value}, again every {i.b_wrap}]"
            return f"{'swapped ' if name == 'a' and i.a_swap else ''}pad[{value}]"
        case Source.SCALAR:
            return f"s{value}"
        case Source.IMMEDIATE:
            return f"{struct.unpack('<f', value.to_bytes(4, 'little'))[0]:.9g}"
        case Source.STREAM:
            return "stream"
        case Source.SAME:
            return "itself"
