"""A program of our own in float64, beside the golden model: fp32 elements to DRAM, and back."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.extent import extent
from gateware.isa import Index, Opcode, encode
from host.compiler.builder import Memory, ProgramBuilder, Scalar, Scratch, Stream
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.compiler.overlap import overlapped
from host.engine.float_program import FloatProgram
from host.engine.model_engine import ModelEngine
from host.engine.program_state import ProgramState
from host.engine.write_log import WriteLog
from host.gguf.model import load
from host.image.image import Image, build_image

DIM, CONTEXT, TOKENS = 32, 16, [9, 100, 9, 271]
TABLE, MATRIX = "token_embd.weight", "blk.0.attn_q.weight"
# What the program leaves in the region of the logits, in elements of 4 bytes.
TWICE, MOVES, ROW, TRANSPOSED, COLUMNS, BACK, CHOSEN = 0, 32, 64, 96, 160, 232, 240


def program(b, compiled):
    place, bus_bytes = compiled.placement, compiled.config.memory.bus_bytes
    start = place.map.address("logits")
    table, matrix = place.rows[TABLE], place.rows[MATRIX]
    length = table.words if table.packed else table.beats()

    def row(wait=False):
        return Stream(place.beat(TABLE), line_beats=length, index=Index.TOKEN, index_stride=length, wait=wait)

    rows = Stream(place.beat(MATRIX), line_beats=matrix.beats(DIM))
    b.scalar("one", 0, 1.0, 1.0, 1)
    b.dot("row", row(), table, rows=1, expand=True, destination=0)
    b.vector("x", Scratch(0), length=DIM, column=0)
    b.vector("y", Scratch(0), -0.5, length=DIM, column=1)
    b.vector("twice", Scratch(0), 2.0, length=31, to=Memory(start + 4 * TWICE))
    b.vector("moves", Scratch(0), 3.0, length=4, to=Memory(start + 4 * MOVES, stride=8, index_stride=32))
    b.dot("row.spill", row(wait=True), table, rows=1, expand=True, destination=Memory(start + 4 * ROW))
    b.dot("transposed", rows, matrix, rows=DIM, columns=2, destination=Memory(start + 4 * TRANSPOSED, stride=8),
          destination_stride=1)
    b.dot("columns", rows, matrix, rows=DIM, columns=2, destination=Memory(start + 4 * COLUMNS), destination_stride=40)
    b.vector("back", Scalar(1), Stream(start // bus_bytes, line_beats=4 * BACK // bus_bytes, wait=True), length=BACK,
             to=64)
    b.dot("chosen", rows, matrix, rows=DIM, argmax=True, destination=Memory(start + 4 * CHOSEN))


@pytest.fixture
def image(write_gguf):
    compiled = compile_model(load(write_gguf()), CONFIGS["micro"], CONTEXT)
    built, builder = build_image(compiled), ProgramBuilder()
    program(builder, compiled)
    builder.end()
    instructions = overlapped(builder.program, CONTEXT, compiled.config.memory.bus_bytes)
    content = np.frombuffer(b"".join(map(encode, instructions)), np.uint8)
    start = compiled.placement.map.address("program")
    built.memory[start:start + content.size] = content
    return Image(replace(compiled, programs={(1, Part.DECODE): instructions}), built.header, built.memory)


def test_elements_in_dram(image):
    compiled = image.compiled
    engine, log = ModelEngine(image), WriteLog(compiled.program)
    floats, state = FloatProgram(image), ProgramState(compiled)
    read = {}
    for position, token in enumerate(TOKENS):
        engine.step(token, trace=log)
        for index, instruction in enumerate(compiled.program):
            if instruction.opcode not in (Opcode.DOT, Opcode.VECTOR):
                continue
            e = extent(instruction, token=token, position=position, bus_bytes=compiled.config.memory.bus_bytes)
            found = log.take(index, e.length)
            ideal, = floats.execute(index, [state], token, position)
            state.write(instruction, ideal, position)
            read[instruction.label] = ideal.values
            # Columns lose what their bits do not hold; everything else is an fp32 rounding or two.
            if found.values is not None:
                error = np.abs(found.values - ideal.values).max() / np.abs(ideal.values).max()
                assert error < 1e-4, instruction.label
    (first, elements), = state.memory.values()
    assert first == compiled.placement.map.address("logits")

    # The values that the file has, without rounding.
    tensors = compiled.model.tensors
    rows = [tensors[TABLE].dequantise([token], np.float64)[0] for token in TOKENS]
    products = tensors[MATRIX].dequantise(dtype=np.float64) @ np.stack([rows[-1], -0.5 * rows[-1]], axis=1)
    expected = np.zeros(len(elements))
    expected[TWICE:TWICE + 31] = 2 * rows[-1][:31]
    for position, row in enumerate(rows):
        expected[MOVES + 8 * position:MOVES + 8 * position + 8:2] = 3 * row[:4]
    expected[ROW:ROW + DIM] = rows[-1]
    expected[TRANSPOSED:TRANSPOSED + 2 * DIM] = products.ravel()
    expected[COLUMNS:COLUMNS + DIM], expected[COLUMNS + 40:COLUMNS + 40 + DIM] = products.T
    expected[CHOSEN:CHOSEN + DIM] = products[:, 0]
    np.testing.assert_allclose(elements, expected, rtol=1e-12)
    np.testing.assert_array_equal(read["back"], elements[:BACK])
    # The golden model has the same in its DRAM, up to the bits of the columns.
    golden = image.memory[first:first + 4 * len(elements)].view("<f4")
    np.testing.assert_allclose(golden, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert engine.choices == [products[:, 0].argmax()]
