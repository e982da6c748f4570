"""Every format of codes and scales in the dot engine, against the golden dot product, bit for bit."""

import numpy as np
import pytest

from gateware.config import Config
from gateware.isa import CodeKind
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from host.image.formats import FORMATS
from host.pages.lanes import lanes_needed

# (lanes, columns, slots, bus_bits, vector_lanes, array)
SHAPES = [
    (4, 1, 2, 32, 2),
    (8, 2, 1, 256, 8),
    (16, 1, 2, 64, 16),
    (32, 2, 2, 128, 4),
    (64, 1, 2, 128, 8),
    (64, 2, 1, 128, 8),
    (8, 1, 2, 64, 4, "digits"),
    (64, 1, 2, 256, 8, "digits"),
]
BLOCKS = [name for name in FORMATS if name not in ("F32", "F16", "BF16")]
LONGEST_X = 2**17 - 1


def engine_config(lanes, columns, slots, bus_bits, vector_lanes, array="multipliers"):
    return Config(
        name="test",
        dot=DotShape(lanes=lanes, columns=columns, slots=slots, x_elements=1024, scale_bytes=128, array=array),
        vector=VectorShape(lanes=vector_lanes), memory=MemoryShape(bus_bits=bus_bits))


# Those whose runs together are long enough; EngineBench says what that is.
COMPILED = [engine_config(*shape) for shape in (
    (4, 1, 1, 32, 2), (8, 1, 1, 32, 4), (32, 1, 1, 64, 4), (32, 1, 1, 128, 4))]


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def bench(request, engine_bench):
    config = engine_config(*request.param)
    return engine_bench(config, compiled=config.dot.lanes <= 32)


@pytest.mark.parametrize("seed, stalls", [(0, (0.0, 0.0)), (1, (0.4, 0.0)), (2, (0.1, 0.7))])
def test_every_format(bench, draw, draw_x, seed, stalls):
    """Commands of all formats in random order, one after another, with every number of columns."""
    most, rng = bench.config.dot.logical_columns, np.random.default_rng(seed)
    matrices = [draw(rng, name, rows=int(rng.integers(1, 4)), vectors=8, columns=int(rng.integers(1, most + 1)))
                for name in rng.permutation(BLOCKS)]
    bench.run((draw_x(rng, most, 8), matrices), seed=seed, stalls=stalls)


def test_one_row_of_a_table(bench, draw):
    """Every code of a row times its scales."""
    rng = np.random.default_rng(11)
    bench.run(({}, [draw(rng, name, rows=1, vectors=8 if FORMATS[name].super_vectors > 1 else 3, expand=True)
                    for name in rng.permutation(BLOCKS)]))


@pytest.mark.parametrize("shape", [(8, 1, 1, 32, 4), (32, 1, 1, 128, 4)], ids=str)
def test_the_ends_of_every_range(engine_bench, draw, vector, shape):
    """Greatest and least codes, sub-scales, scales, minimums and mantissas: registers filled to their last bit."""
    bench, rng = engine_bench(engine_config(*shape), compiled=True), np.random.default_rng(12)
    x = {0: vector(mantissas=np.where(rng.integers(0, 2, 256), LONGEST_X, -LONGEST_X), exponents=np.array([114]))}
    same = {0: vector(mantissas=np.full(256, -LONGEST_X), exponents=np.array([-143]))}
    matrices = [draw(rng, name, rows=3, vectors=8, extreme=True) for name in BLOCKS]
    rows = [draw(rng, name, rows=1, vectors=8, extreme=True, expand=True) for name in BLOCKS]
    bench.run((x, matrices + rows), ({}, []), (same, matrices))


@pytest.mark.parametrize(
    "shape", [(4, 1, 1, 32, 2), (32, 1, 1, 64, 4), (16, 1, 1, 256, 4), (64, 1, 1, 64, 16)], ids=str)
def test_rows_of_several_super_blocks(engine_bench, draw, draw_x, shape):
    """Rows of 24 vectors of super-blocks, of 5, 9 and 11 others: words and groups that they do not fill."""
    config, rng = engine_config(*shape), np.random.default_rng(13)
    bench = engine_bench(config, compiled=config in COMPILED)
    bench.run((draw_x(rng, 1, 24), [
        draw(rng, name, rows=2, vectors=24) for name in BLOCKS if FORMATS[name].super_vectors > 1]))
    for vectors in 5, 9, 11:
        bench.run((draw_x(rng, 1, vectors), [
            draw(rng, name, rows=3, vectors=vectors) for name in BLOCKS if FORMATS[name].super_vectors == 1]))


@pytest.mark.parametrize("lanes, bus_bits", [(16, 32), (16, 64), (16, 128), (16, 256), (64, 64), (64, 256)])
def test_trits_of_any_number_of_vectors(engine_bench, matrix, draw_x, lanes, bus_bits):
    """Bundles of five vectors that are filled in part."""
    bench, rng = engine_bench(engine_config(lanes, 1, 1, bus_bits, 4)), np.random.default_rng(14)
    for vectors in range(1, 12):
        codes = rng.integers(-1, 2, (2, vectors, 32)).astype(np.int16)
        scales = rng.integers(-9, 9, (2, vectors)).astype(np.int8)
        # A row that is expanded takes as many cycles as it has codes.
        expanded = [matrix(codes=codes[:1], code_bits=2, kind=CodeKind.TRITS, expand=True)] * (vectors in (4, 5, 6))
        bench.run((draw_x(rng, 1, vectors), [
            matrix(codes=codes, code_bits=2, kind=CodeKind.TRITS, scales=scales), *expanded]))


def test_codes_of_any_width(bench, matrix, draw_x):
    """Rows that end anywhere in a bus word, of signed codes and, up to 8 bits, of unsigned ones."""
    rng, matrices = np.random.default_rng(16), []
    for code_bits in rng.permutation([*range(1, 9), 16]).tolist():
        for kind in [CodeKind.SIGNED, CodeKind.UNSIGNED][:1 if code_bits in (1, 16) else 2]:
            low = -(1 << code_bits - 1) if kind == CodeKind.SIGNED else 0
            codes = rng.integers(low, low + (1 << code_bits), (2, 5, 32)).astype(np.int16)
            if code_bits == 1:
                codes = 2 * codes + np.int16(1)
            matrices += [matrix(codes=codes, code_bits=code_bits, kind=kind),
                         matrix(codes=codes, code_bits=code_bits, kind=kind, packed=True),
                         matrix(codes=codes[:1, :1], code_bits=code_bits, kind=kind, expand=True)]
    bench.run((draw_x(rng, 1, 5), matrices), stalls=(0.1, 0.1))


@pytest.fixture(scope="module", ids=str, params=[
    (32, 64), (32, 128), (16, 64), (64, 128), (32, 64, "digits"), (32, 32), (64, 64), (8, 32)])
def plain_bench(request, engine_bench):
    """One column and one slot."""
    lanes, bus_bits, *array = request.param
    config = engine_config(lanes, 1, 1, bus_bits, 4, *array)
    return engine_bench(config, compiled=config in COMPILED)


@pytest.mark.parametrize("name", BLOCKS)
def test_throughput(plain_bench, draw, draw_x, name):
    """A beat per cycle where a beat has at most ``lanes`` codes, else a vector's steps per vector; never less.

    An array of digits takes the steps once for each digit.
    """
    bench, rng = plain_bench, np.random.default_rng(15)
    lanes, bus_bits = bench.config.dot.lanes, bench.config.memory.bus_bits
    rows, vectors = 6, 16
    matrix = draw(rng, name, rows=rows, vectors=vectors, packed=False)
    accepted = bench.run((draw_x(rng, 1, vectors), [matrix]))
    parts = [len(part) for part in matrix.row_parts(0)]
    beats = [-(-size // (bus_bits // 8)) for size in parts]
    assert len(accepted) == rows * sum(beats)
    # Cycles of the scales, of the sub-scales and of the codes; a beat that ends several vectors takes as many.
    sub_vectors = parts[1] // (4 * max(matrix.sub_bits, 1))
    subs = max(beats[1], -(-32 * sub_vectors // lanes))
    halves = 2 if matrix.halves > 1 and lanes > 16 else 1
    digits = matrix.digits if bench.config.dot.array == "digits" else 1
    steps, used = halves * 32 * vectors // lanes * digits, beats[-1]
    if matrix.kind == CodeKind.TRITS:
        used = -(-8 * (vectors // 5 * 4 + vectors % 5) // (bus_bits // 8))  # the rest is padding
    codes = max(used, steps) + beats[-1] - used
    cycles = beats[0] + subs + codes
    # The skid buffer takes beats before the command comes; rows 2 to 5 are in the steady state.
    starts = accepted[sum(beats)::sum(beats)]
    assert starts[4] - starts[0] <= 4 * cycles + 2
    needed = lanes_needed(FORMATS[name], bus_bits)
    if bench.config.dot.array == "multipliers" and needed and lanes >= needed:
        assert (codes, subs) == (beats[-1], beats[1])
    if (codes, subs) == (beats[-1], beats[1]):
        assert (np.diff(accepted[sum(beats):]) == 1).all()


@pytest.mark.parametrize("lanes, bus_bits, name, steps", [
    (16, 64, "Q1_0", 16), (16, 64, "Q2_0", 32), (64, 128, "Q1_0", 4)])
def test_one_bit_in_two_columns(engine_bench, draw, draw_x, lanes, bus_bits, name, steps):
    """Codes of one bit that meet a single vector take half the steps where there are two columns; two vectors take all.

    A row is 16 vectors of codes: beats of these and one or two of scales.
    """
    bench, rng = engine_bench(engine_config(lanes, 2, 1, bus_bits, 4)), np.random.default_rng(17)
    for columns, cycles in ((1, steps), (2, max(steps, 512 // lanes))):
        matrix = draw(rng, name, rows=6, vectors=16, packed=False, columns=columns)
        accepted = bench.run((draw_x(rng, 2, 16), [matrix]))
        beats = [-(-len(part) // (bus_bits // 8)) for part in matrix.row_parts(0)]
        starts = accepted[sum(beats)::sum(beats)]
        assert starts[4] - starts[0] <= 4 * (beats[0] + max(cycles, beats[2])) + 2
