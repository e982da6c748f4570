"""Programs that write fp32 elements to DRAM and read them again, on the golden model and on the gateware."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Function, Index, Reduce, encode
from host.compiler.builder import Memory, ProgramBuilder, Scalar, Scratch, Stream
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.compiler.overlap import overlapped
from host.engine.model_engine import ModelEngine
from host.engine.rtl_engine import MemoryTiming, RtlEngine
from host.engine.trace import Trace
from host.gguf.model import load
from host.image.image import Image, build_image

DIM, TOKEN, CONTEXT = 32, 9, 16
MATRIX = "blk.0.attn_q.weight"


def image_with(compiled, make):
    """An image whose BODY is what ``make`` appends to a builder; logits and KV cache are free for its use."""
    image, builder = build_image(compiled), ProgramBuilder()
    make(builder, compiled)
    builder.end()
    program = overlapped(builder.program, compiled.context, compiled.config.memory.bus_bytes)
    content = np.frombuffer(b"".join(map(encode, program)), np.uint8)
    start = compiled.placement.map.address("program")
    image.memory[start:start + content.size] = content
    return Image(replace(compiled, programs={(1, Part.BODY): program}), image.header, image.memory)


def spill(compiled, offset=0):
    """Byte address of free DRAM."""
    return compiled.placement.map.address("logits") + offset


def stream(compiled, offset, length):
    bus_bytes = compiled.config.memory.bus_bytes
    return Stream(spill(compiled, offset) // bus_bytes, line_beats=-(-4 * length // bus_bytes), wait=True)


def program(b, compiled):
    """Elements at 0 of DRAM: 31 of a pass, then those of position and column, then a row of a table, then results of a
    DOT, close together, far apart and as a transposed matrix."""
    place = compiled.placement
    table, matrix = place.rows["token_embd.weight"], place.rows[MATRIX]
    row_length = table.words if table.packed else table.beats()

    def row(wait):
        return Stream(place.beat("token_embd.weight"), line_beats=row_length, index=Index.TOKEN,
                      index_stride=row_length, wait=wait)

    rows = Stream(place.beat(MATRIX), line_beats=matrix.beats(DIM))
    b.scalar("one", 0, 1.0, 1.0, 1)
    b.dot("row", row(False), table, rows=1, expand=True, destination=0)
    b.vector("x", Scratch(0), length=DIM, column=0)
    b.vector("y", Scratch(0), -0.5, length=DIM, column=1)
    # A pass to DRAM and back, of a length that is no multiple of anything.
    b.vector("twice", Scratch(0), 2.0, length=31, reduce=Reduce.LARGEST, into=2, to=Memory(spill(compiled)))
    b.vector("back", Scalar(1), stream(compiled, 0, 31), length=31, to=64)
    # As many elements as there are positions, apart from each other, at an address that the position moves.
    b.vector("grows", Scratch(64), 1.0, 1.0, grow=True, function=Function.EXP2,
             to=Memory(spill(compiled, 128), stride=8, index_stride=128))
    # Which row of the table it is, and so that nothing was stored there, is not known.
    b.dot("row.spill", row(True), table, rows=1, expand=True, destination=Memory(spill(compiled, 512)))
    b.vector("row.back", Scratch(0), stream(compiled, 512, DIM), length=DIM, to=96)
    # Results of two columns to DRAM, first one column after another, then one row after another, then only their
    # argmax.
    b.dot("columns", rows, matrix, rows=DIM, columns=2, destination=Memory(spill(compiled, 768)), destination_stride=40)
    b.dot("transposed", rows, matrix, rows=DIM, columns=2, destination=Memory(spill(compiled, 1280), stride=8),
          destination_stride=1, argmax=True)
    b.vector("columns.back", Scalar(1), stream(compiled, 768, 72), length=72, to=128)
    b.vector("transposed.back", Scalar(1), stream(compiled, 1280, 64), length=64, to=256)
    b.dot("argmax", rows, matrix, rows=DIM, columns=2, argmax=True)
    b.dot("both", rows, matrix, rows=DIM, columns=2, destination=320, destination_stride=48, argmax=True)


@pytest.mark.parametrize("bus_bits,vector_lanes", [(32, 2), (64, 4), (128, 2), (256, 4)])
@pytest.mark.parametrize("position", [0, 2])
def test_to_dram_and_back(write_gguf, bus_bits, vector_lanes, position):
    config = CONFIGS["micro"].changed(name="test", memory={"bus_bits": bus_bits}, vector={"lanes": vector_lanes})
    compiled = compile_model(load(write_gguf()), config, CONTEXT)
    model = ModelEngine(image_with(compiled, program))
    gateware = RtlEngine(image_with(compiled, program), interpreted=True,
                         memory=MemoryTiming(latency=7, stall_probability=0.2 * (position > 0), seed=bus_bits))
    before, traces = model.image.memory.copy(), (Trace(), Trace())
    for engine, trace in zip((model, gateware), traces):
        engine.position = position
        engine.run([TOKEN], Part.BODY, trace=trace)
    assert traces[0].writes == traces[1].writes
    assert model.image.memory.tobytes() == gateware.image.memory.tobytes()

    # What lies where, from the values of the file and what the scratchpad was given.
    labels = [i.label for i in model.image.compiled.programs[1, Part.BODY]]
    found = {label: np.array([value for (index, kind, _place), value in sorted(traces[0].writes.items())
                              if kind == "scratchpad" and labels[index] == label], np.uint32).view(np.float32)
             for label in labels}
    start = spill(compiled)
    elements = model.image.memory[start:start + 1536].view("<f4")
    row = compiled.model.tensors["token_embd.weight"].dequantise([TOKEN])[0]
    assert (elements[:31] == 2 * row[:31]).all() and (found["back"] == 2 * row[:31]).all() and elements[31] == 0
    first = 32 + 32 * position
    assert elements[first:first + 2 * position + 1:2] == pytest.approx(np.exp2(2 * row[:position + 1] + 1), rel=1e-6)
    assert not elements[first + 1:first + 2 * position + 2:2].any()
    assert (elements[128:160] == row).all() and (found["row.back"] == row * row).all()
    products = found["both"].reshape(2, DIM)
    assert products.any(axis=1).all()
    assert (elements[192:224] == products[0]).all() and (elements[232:264] == products[1]).all()
    assert not elements[224:232].any()
    assert (elements[320:384].reshape(DIM, 2).T == products).all()
    assert (found["columns.back"][40:] == products[1]).all() and (found["transposed.back"] == elements[320:384]).all()
    chosen = {(labels[index], place): value for (index, kind, place), value in traces[1].writes.items()
              if kind == "argmax"}
    assert chosen == {(label, column): products[column].argmax() for label in ("transposed", "argmax", "both")
                      for column in range(2)}
    # Nothing else in DRAM has changed.
    changed = np.flatnonzero(before != model.image.memory)
    assert changed.min() >= start and changed.max() < start + 1536


def test_what_cannot_be_is_refused(write_gguf):
    with pytest.raises(ValueError, match="^The stride of fp32 elements in DRAM must be a multiple of 4, not 6$"):
        Memory(8, stride=6)
    with pytest.raises(ValueError, match="^The address of fp32 elements in DRAM must be a multiple of 4, not 2$"):
        Memory(2)
    with pytest.raises(ValueError, match=r"^Reduction of pass 'p' must be that of a VECTOR, not <Reduce.ARGMAX: 4>$"):
        ProgramBuilder().vector("p", Scratch(0), length=4, reduce=Reduce.ARGMAX)
