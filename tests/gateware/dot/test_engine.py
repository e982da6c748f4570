"""The dot engine against the golden dot product, bit for bit."""

import numpy as np
import pytest

from gateware.config import Config
from gateware.isa import CodeOrder, Scale
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape

# (lanes, columns, slots, bus_bits, vector_lanes): every value of each, the wide ones with little else.
SHAPES = [
    (4, 1, 1, 32, 2),
    (4, 2, 4, 64, 4),
    (8, 1, 2, 128, 4),
    (8, 3, 1, 32, 8),
    (16, 2, 1, 64, 2),
    (16, 1, 4, 256, 16),
    (32, 1, 1, 128, 16),
    (32, 2, 2, 256, 4),
    (64, 1, 2, 256, 8),
]
LONGEST_X = 2**17 - 1


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def bench(request, engine_bench):
    return engine_bench(_config(*request.param))


def _config(lanes, columns, slots, bus_bits, vector_lanes, **dot):
    return Config(
        name="test",
        dot=DotShape(lanes=lanes, columns=columns, slots=slots, x_elements=1024, scale_bytes=64, **dot),
        vector=VectorShape(lanes=vector_lanes), memory=MemoryShape(bus_bits=bus_bits))


def random_codes(rng, rows, vectors, code_bits):
    limit = 1 << code_bits - 1
    return rng.integers(-limit, limit, (rows, vectors, 32)).astype(np.int16)


def random_scales(rng, rows, vectors, scale):
    if scale == Scale.NONE:
        return None
    if scale == Scale.POWER:
        return rng.integers(-128, 128, (rows, vectors)).astype(np.int8)
    # All finite numbers, subnormals and zeros included, in a range that differs from row to row.
    exponents = rng.integers(0, rng.integers(1, 32, (rows, 1)), (rows, vectors)) % 31
    return (rng.integers(0, 2, (rows, vectors)) << 15 | exponents << 10
            | rng.integers(0, 1024, (rows, vectors))).astype(np.uint16)


@pytest.fixture(scope="module")
def random_matrix(matrix):
    """Function that draws a `Matrix`."""
    def draw(rng, code_bits, scale, *, rows, vectors, **options):
        return matrix(codes=random_codes(rng, rows, vectors, code_bits), code_bits=code_bits,
                      scales=random_scales(rng, rows, vectors, scale), **options)
    return draw


@pytest.fixture(scope="module")
def random_x(vector):
    """Function that draws a `Vector` per column, whose blocks have exponents far apart."""
    def draw(rng, columns, vectors):
        return {column: vector(mantissas=rng.integers(-LONGEST_X, LONGEST_X + 1, 32 * vectors),
                               exponents=rng.integers(-143, 115, -(-vectors // 8)) // rng.integers(1, 30))
                for column in range(columns)}
    return draw


@pytest.mark.parametrize("vectors", [1, 3])
def test_formats_follow_each_other(bench, random_matrix, random_x, vectors):
    """Commands of every format, order and number of columns, without a pause and under stalls."""
    most = bench.config.dot.logical_columns
    for seed, stalls in enumerate([(0.0, 0.0), (0.5, 0.0), (0.1, 0.9)]):
        rng = np.random.default_rng([seed, vectors])
        matrices = [
            random_matrix(rng, 8, Scale.FP16, rows=3, vectors=vectors, columns=most),
            random_matrix(rng, 16, Scale.POWER, rows=2, vectors=vectors, columns=1),
            random_matrix(rng, 4, Scale.FP16, rows=5, vectors=vectors, columns=most),
            random_matrix(rng, 16, Scale.NONE, rows=2, vectors=vectors, columns=(most + 1) // 2,
                          order=CodeOrder.ELEMENTS),
            random_matrix(rng, 8, Scale.FP16, rows=1, vectors=vectors, expand=True),
            random_matrix(rng, 2, Scale.POWER, rows=4, vectors=vectors, columns=most),
            random_matrix(rng, 6, Scale.NONE, rows=2, vectors=vectors, columns=most),
            random_matrix(rng, 16, Scale.POWER, rows=1, vectors=vectors, expand=True, extra_growth=2),
            random_matrix(rng, 3, Scale.FP16, rows=2, vectors=vectors, columns=most, extra_growth=1),
        ]
        bench.run((random_x(rng, most, vectors), matrices), seed=seed, stalls=stalls)


def test_codes_in_element_order(bench, random_matrix, random_x):
    """Codes of 16, 8 and 4 bits and paired rows, between bit-planes, with every number of columns."""
    most = bench.config.dot.logical_columns
    for seed, vectors, stalls in (0, 3, (0.0, 0.0)), (1, 1, (0.1, 0.5)):
        rng, matrices = np.random.default_rng(seed), []
        for code_bits, paired in ((8, False), (4, True), (4, False), (16, False), (4, True), (8, False)):
            matrices.append(random_matrix(
                rng, code_bits, Scale.NONE, rows=4, vectors=vectors, order=CodeOrder.ELEMENTS, paired=paired,
                columns=int(rng.integers(1, most + 1))))
            matrices.append(random_matrix(rng, 5, Scale.FP16, rows=2, vectors=vectors, columns=most))
        bench.run((random_x(rng, most, vectors), matrices), seed=seed, stalls=stalls)


@pytest.mark.parametrize("bus_bits", [64, 256])
def test_a_beat_of_elements_per_cycle(engine_bench, random_matrix, random_x, bus_bits):
    """As many cycles as beats or, where these bring more codes than that, as steps."""
    bench, rng = engine_bench(_config(32, 1, 1, bus_bits, 4)), np.random.default_rng(1)
    vectors, rows = 8, 8
    for code_bits, paired, steps in (16, False, 1), (8, False, 1), (4, False, 1), (4, True, 2):
        accepted = bench.run((random_x(rng, 1, vectors), [random_matrix(
            rng, code_bits, Scale.NONE, rows=rows, vectors=vectors, order=CodeOrder.ELEMENTS, paired=paired)]))
        beats = vectors * (8 if paired else code_bits) * 32 // bus_bits
        assert len(accepted) == beats * rows // steps
        starts = accepted[beats::beats]
        assert starts[2] - starts[0] == 2 * max(beats, vectors * steps)


@pytest.mark.parametrize("shape", [(8, 2, 2, 64, 4), (32, 1, 1, 128, 4)], ids=str)
def test_rows_of_several_blocks(engine_bench, random_matrix, random_x, shape):
    """Rows of 608 elements: three blocks of the vector, exponents far apart; scales that nearly fill a bank."""
    bench, rng = engine_bench(_config(*shape)), np.random.default_rng(5)
    matrices = [random_matrix(rng, 4, Scale.FP16, rows=2, vectors=19, columns=2 if shape[1] > 1 else 1),
                random_matrix(rng, 16, Scale.POWER, rows=2, vectors=19)]
    for seed, stalls in enumerate([(0.0, 0.0), (0.3, 0.3)]):
        bench.run((random_x(rng, bench.config.dot.logical_columns, 19), matrices), seed=seed, stalls=stalls)


def test_largest_and_smallest_magnitudes(engine_bench, matrix, vector):
    """Sums that fill every register to its last bit, of both signs, and zeros."""
    bench = engine_bench(_config(8, 2, 1, 64, 4))
    for vectors in 1, 8:
        lowest = np.full((1, vectors, 32), -1 << 15, np.int16)
        signs = np.where(np.arange(32) % 2, -1, 1)
        codes = np.concatenate([lowest, ~lowest, 0 * lowest, 0 * lowest + 1,
                                (signs * 32767).astype(np.int16) + 0 * lowest])
        x = {0: vector(mantissas=np.full(32 * vectors, LONGEST_X), exponents=np.array([114])),
             1: vector(mantissas=np.tile(-LONGEST_X * signs, vectors), exponents=np.array([-143]))}
        scales = [np.full(codes.shape[:2], value, np.uint16) for value in (0x7BFF, 0xFBFF, 0x0001, 0x8000, 0x83FF)]
        scales += [np.full(codes.shape[:2], value, np.int8) for value in (127, -128)] + [None]
        matrices = [matrix(codes=codes, scales=scale, code_bits=16, columns=2) for scale in scales]
        small = np.where(codes < 0, -2, codes != 0).astype(np.int16)
        matrices += [matrix(codes=small, scales=scales[0], code_bits=2, columns=2)]
        zeros = {column: vector(mantissas=0 * x[column].mantissas, exponents=np.array([-143])) for column in x}
        bench.run((x, matrices), ({}, []), (zeros, matrices[:2]))


def test_scales_far_apart(engine_bench, matrix, vector):
    """One vector outweighs the others by more than the accumulator is wide: the others count -1 or 0."""
    bench, rng = engine_bench(_config(8, 1, 1, 32, 2)), np.random.default_rng(3)
    codes = random_codes(rng, 16, 16, 8)
    scales = rng.integers(-128, 0, (16, 16)).astype(np.int8)
    scales[np.arange(16), rng.integers(0, 16, 16)] = 127
    x = {0: vector(mantissas=rng.integers(-LONGEST_X, LONGEST_X + 1, 512), exponents=np.array([-143, 114]))}
    bench.run((x, [matrix(codes=codes, scales=scales, code_bits=8)]))


def test_columns_are_written_while_others_are_in_use(engine_bench, random_matrix, random_x):
    """The next vectors go into the x-buffer while a matrix passes; a shorter one leaves no trace of a longer one."""
    bench = engine_bench(_config(8, 2, 2, 64, 4))
    for seed, stalls in enumerate([(0.0, 0.0), (0.5, 0.5)]):
        rng = np.random.default_rng([7, seed])
        long, short = random_x(rng, 4, 12), random_x(rng, 4, 2)
        bench.run(
            ({0: long[0]}, [random_matrix(rng, 8, Scale.FP16, rows=6, vectors=12)]),
            ({column: long[column] for column in (1, 2, 3)},
             [random_matrix(rng, 8, Scale.FP16, rows=2, vectors=12, columns=4)]),
            ({}, []),
            (short, [random_matrix(rng, 4, Scale.FP16, rows=3, vectors=2, columns=3)]),
            seed=seed, stalls=stalls)


@pytest.mark.parametrize("lanes, columns, slots, bus_bits, code_bits, scale, vectors, used, cycles", [
    (32, 1, 1, 128, 8, Scale.FP16, 8, 1, 17),     # Q8_0: as many as beats
    (32, 1, 1, 128, 4, Scale.FP16, 8, 1, 9),      # Q4_0: as many as beats
    (32, 1, 1, 128, 16, Scale.POWER, 9, 1, 37),   # W16: as many as beats
    (32, 1, 1, 128, 4, Scale.FP16, 1, 1, 2),      # so short that only the scales of the next row cover the steps
    (32, 1, 1, 256, 8, Scale.FP16, 8, 1, 9),      # one beat a vector
    (32, 2, 4, 64, 8, Scale.FP16, 8, 8, 34),      # as many steps as beats for each vector
    (8, 1, 1, 32, 8, Scale.FP16, 8, 1, 68),       # the same with parts instead of slots
    (8, 1, 1, 128, 8, Scale.FP16, 8, 1, 32),      # twice as many steps as beats: as many as steps
])
def test_throughput(engine_bench, random_matrix, random_x, lanes, columns, slots, bus_bits, code_bits, scale, vectors,
                    used, cycles):
    """Cycles per row, exactly; a row of many beats takes one cycle for each if the steps allow it."""
    bench, rng = engine_bench(_config(lanes, columns, slots, bus_bits, 4)), np.random.default_rng(1)
    rows = 6
    accepted = bench.run((random_x(rng, used, vectors), [
        random_matrix(rng, code_bits, scale, rows=rows, vectors=vectors, columns=used)]))
    beats_per_row = len(accepted) // rows
    # The skid buffer takes beats before the command comes; rows 2 to 5 are in the steady state.
    starts = accepted[beats_per_row::beats_per_row]
    assert (np.diff(starts[:4]) == cycles).all() if cycles == beats_per_row else starts[4] - starts[0] <= 4 * cycles
    if cycles == beats_per_row:
        assert (np.diff(accepted[beats_per_row:]) == 1).all()


@pytest.mark.parametrize("lanes, bus_bits, code_bits, options, cycles", [
    (32, 32, 8, {}, 44),
    (32, 256, 8, {}, 44),
    (64, 64, 8, {}, 45),
    (16, 64, 8, {}, 46),
    (8, 32, 8, {}, 47),
    (4, 32, 8, {}, 50),
    (32, 64, 8, {"decoders": ()}, 39),
    (32, 64, 8, {"decoders": ("minimums",)}, 39),
    (64, 64, 8, {"decoders": ()}, 40),
    (16, 64, 8, {"decoders": ()}, 41),
    (32, 64, 2, {"array": "digits"}, 44),
    (32, 64, 8, {"array": "digits"}, 47),  # four digits
])
def test_latency(engine_bench, random_matrix, random_x, lanes, bus_bits, code_bits, options, cycles):
    """Cycles from the last beat of a row to its result."""
    bench, rng = engine_bench(_config(lanes, 1, 1, bus_bits, 4, **options)), np.random.default_rng(3)
    vectors = 2 if lanes == 64 else 1
    accepted = bench.run((random_x(rng, 1, vectors), [
        random_matrix(rng, code_bits, Scale.FP16, rows=1, vectors=vectors)]))
    assert list(bench.result_cycles - accepted[-1]) == [cycles]


def test_commands_follow_without_draining(engine_bench, random_matrix, random_x):
    """Nine cycles without a beat between commands when the bus sets the pace."""
    bench, rng = engine_bench(_config(32, 1, 1, 128, 4)), np.random.default_rng(2)
    matrices = [random_matrix(rng, 8, Scale.FP16, rows=3, vectors=2) for _ in range(3)]
    accepted = bench.run((random_x(rng, 1, 2), matrices))
    beats = len(accepted) // 3
    gaps = np.diff(accepted)[beats - 1:]
    assert sorted(gaps)[-2:] == [10, 10] and sum(gaps) == len(gaps) + 18
