"""Sums and maxima against their NumPy functions, bit for bit."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.exact.vector_pass import reduce_largest, reduce_max, reduce_sum
from gateware.vector.max_reducer import MaxReducer
from gateware.vector.sum_reducer import SumReducer

# Sums of the small ones leave the normal range, and come back as a zero with a sign.
SMALL = np.array([0x00800000, 0x80c00000, 0x80a00001, 0x00e00000, 0, 0x80000000],
                 np.uint32).view(np.float32)
SPECIAL = np.array([0x7f800000, 0xff800000, 0x7fc00000, 0, 0x80000000, 0x3f800000],
                   np.uint32).view(np.float32)


def passes(rng):
    """Vectors of many lengths."""
    for length in (1, 2, 3, 4, 5, 8, 13, 16, 17, 32, 33, 40, 63, 64, 65, 127, 128, 172, 300):
        yield rng.standard_normal(length).astype(np.float32)
    for length in (3, 20, 70):
        yield rng.choice(SMALL, length)
        yield rng.choice(SPECIAL, length)
        yield np.full(length, -0.0, np.float32)


def run(dut, lanes, vectors, *, interval, rng, latency=None, magnitude=0):
    """Values that the reducer gives, stripes ``interval`` cycles apart or, at random, more."""
    values = []

    async def testbench(ctx):
        if magnitude:
            ctx.set(dut.magnitude, 1)
        for number, x in enumerate(vectors):
            ctx.set(dut.start, 1)
            if hasattr(dut, "length"):
                ctx.set(dut.length, len(x))
            await ctx.tick()
            ctx.set(dut.start, 0)
            padded = np.concatenate((x.view(np.uint32), rng.integers(0, 2**32, -len(x) % lanes, np.uint32)))
            for first in range(0, len(x), lanes):
                ctx.set(dut.valid, 1)
                ctx.set(dut.stripe, padded[first:first + lanes].tolist())
                ctx.set(dut.mask, (1 << min(lanes, len(x) - first)) - 1)
                ctx.set(dut.last, first + lanes >= len(x))
                await ctx.tick()
                ctx.set(dut.valid, 0)
                ctx.set(dut.stripe, rng.integers(0, 2**32, lanes, np.uint32).tolist())
                if first + lanes < len(x):
                    for _ in range(interval - 1 + (number % 2 and int(rng.integers(0, 3)))):
                        await ctx.tick()
            cycles = 1
            while not ctx.get(dut.done):
                await ctx.tick()
                cycles += 1
            values.append(ctx.get(dut.value))
            assert cycles == latency(len(x))
            await ctx.tick()
            assert not ctx.get(dut.done)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return values


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_sum(lanes):
    rng = np.random.default_rng(lanes)
    vectors = list(passes(rng))[::1 if lanes < 8 else 3]
    got = run(SumReducer(lanes=lanes), lanes, vectors, interval=SumReducer.interval(lanes), rng=rng,
              latency=lambda length: SumReducer.tail(lanes, length))
    for x, value in zip(vectors, got, strict=True):
        assert value == int(reduce_sum(x).view(np.uint32)), f"length {len(x)}: {x!r}"


@pytest.mark.parametrize("magnitude", [0, 1])
@pytest.mark.parametrize("lanes", [1, 2, 4, 16])
def test_max(lanes, magnitude):
    rng = np.random.default_rng(lanes)
    vectors = list(passes(rng))
    got = run(MaxReducer(lanes=lanes), lanes, vectors, interval=1, rng=rng,
              latency=lambda length: MaxReducer.latency(lanes), magnitude=magnitude)
    for x, value in zip(vectors, got, strict=True):
        expected = (reduce_largest if magnitude else reduce_max)(x)
        assert value == int(expected.view(np.uint32)), f"length {len(x)}: {x!r}"
