"""The vectors of a matrix product, and the sums of their sub-blocks, as steps read them."""

import numpy as np
import pytest

from gateware.dot.sub_block_sums import SubBlockSums
from gateware.dot.x_buffer import XBuffer
from gateware.shapes.dot_shape import DotShape
from testing.cycles import run_cycles

CASES = [(4, 1, 1, 2), (16, 2, 2, 4), (32, 1, 3, 16), (64, 2, 2, 8), (8, 3, 2, 4)]
"""Lanes, columns, slots, vector lanes."""


def columns_of(rng, shape, elements):
    """Mantissas (logical columns, elements) and exponents (logical columns, blocks)."""
    count = shape.columns * shape.slots
    return (rng.integers(1 - 2**17, 2**17, (count, elements)), rng.integers(-143, 115, (count, -(-elements // 256))))


def writes(rng, mantissas, exponents, vector_lanes):
    """Cycles in which all columns are written, in any order, with cycles between, and padding beyond their ends."""
    for column in rng.permutation(len(mantissas)):
        padded = np.concatenate([mantissas[column], np.zeros(32, np.int64)])
        for index, stripe in enumerate(padded.reshape(-1, vector_lanes)):
            while rng.random() < 0.2:
                yield {"stripes.valid": 0}
            block = min(index * vector_lanes // 256, exponents.shape[1] - 1)
            yield {"stripes.valid": 1, "stripes.payload": {
                "column": int(column), "index": index, "exponent": int(exponents[column, block]),
                "mantissas": stripe.tolist()}}
    yield {"stripes.valid": 0}


def steps(rng, shape, vectors, count):
    """Vectors, positions and slots of steps; some of them expand a code."""
    sides = shape.lanes // 64 + 1
    for _ in range(count):
        yield {"vector": int(rng.integers(0, vectors // sides)) * sides,
               "position": int(rng.integers(0, sides * 32 // shape.lanes)) * shape.lanes,
               "slot": int(rng.integers(0, shape.slots)), "columns": shape.columns - 1}


@pytest.mark.parametrize("lanes, columns, slots, vector_lanes", CASES)
def test_mantissas_and_exponents(lanes, columns, slots, vector_lanes):
    """All of a full column, padding dropped; the largest exponent is that of the column. The first two columns are
    crossed at every second vector, or pair of vectors; where they share a column, the second one has the vectors that
    follow.
    """
    rng = np.random.default_rng(lanes)
    shape = DotShape(lanes=lanes, columns=columns, slots=slots, x_elements=512)
    dut = XBuffer(dot=shape, vector_lanes=vector_lanes)
    mantissas, exponents = columns_of(rng, shape, 512)
    inputs = [*writes(rng, mantissas, exponents, vector_lanes), {}, {}, {}, {}]
    start, drawn, sides = len(inputs), list(steps(rng, shape, 16, 100)), lanes // 64 + 1
    for step in drawn:
        if columns > 1 and rng.random() < 0.4:
            step |= {"shared": 1, "columns": 0, "vector": step["vector"] // (2 * sides) * 2 * sides}
    inputs += [{"step.valid": 1, "step.payload": step, "slot": step["slot"], "unit": 0} for step in drawn]
    got = run_cycles(dut, inputs, ["mantissas", "distances", "largest"], tail=dut.DISTANCE_LATENCY)
    for index, step in enumerate(drawn, start):
        for column in range(columns):
            shared, vector, taken = step.get("shared"), step["vector"], column
            if shared and column > 1:
                continue
            if shared:
                taken, vector = 0, vector + column * sides
            elif columns > 1 and column < 2 and vector // sides % 2:
                taken = 1 - column
            first = 32 * vector + step["position"]
            assert got["mantissas"][index + dut.LATENCY][column] == mantissas[
                step["slot"] * columns + taken, first:first + lanes].tolist()
            logical = step["slot"] * columns + (0 if shared else column)
            largest, exponent = exponents[logical].max(), exponents[logical, step["vector"] // 8]
            assert got["distances"][index + dut.DISTANCE_LATENCY][column] == min(largest - exponent, 63)
            if not (shared and column):
                assert got["largest"][index][column] == largest


@pytest.mark.parametrize("lanes, columns, slots, vector_lanes", CASES)
def test_sub_block_sums(lanes, columns, slots, vector_lanes):
    rng = np.random.default_rng(lanes)
    shape = DotShape(lanes=lanes, columns=columns, slots=slots, x_elements=256)
    dut = SubBlockSums(dot=shape, vector_lanes=vector_lanes)
    mantissas, exponents = columns_of(rng, shape, 256)
    inputs = [*writes(rng, mantissas, exponents, vector_lanes), *[{}] * (dut.WRITE_LATENCY + 1)]
    start, drawn = len(inputs), list(steps(rng, shape, 8, 60))
    for step in drawn:
        step["expand"] = int(rng.random() < 0.3)
        if step["expand"]:
            step["position"] = int(rng.integers(0, 64 if lanes == 64 else 32))
    inputs += [{"step.valid": 1, "step.payload": step} for step in drawn]
    got = run_cycles(dut, inputs, ["sums"], tail=dut.LATENCY)["sums"]
    sums = mantissas.reshape(len(mantissas), -1, 16).sum(axis=2)
    count = 4 if lanes == 64 else 2
    for index, step in enumerate(drawn, start):
        for column in range(columns):
            wanted = sums[step["slot"] * columns + column, 2 * step["vector"]:][:count].tolist()
            if step["expand"]:
                wanted = [65536 if sub_block == step["position"] // 16 else 0 for sub_block in range(count)]
            assert got[index + dut.LATENCY][column] == wanted, step
