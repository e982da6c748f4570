"""Totals become fp32 results as `integer_to_fp32` rounds them, numbered, and none is lost under stalls."""

import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.result_serialiser import ResultSerialiser
from gateware.exact.fp32 import integer_to_fp32
from gateware.shapes.dot_shape import DotShape
from testing.deadline import run_with_deadline
from testing.streams import receive

PLACES = 16


def draw_commands(rng, columns, count):
    """Totals of some commands, and the results that they stand for."""
    totals, results = [], []
    for _ in range(count):
        rows = int(rng.integers(1, 5))
        used = int(rng.integers(1, 2 * columns + 1))
        for row in range(rows):
            for first in range(0, used, columns):
                wanted = min(columns, used - first)
                values = rng.integers(-(1 << 63), 1 << 63, columns) >> rng.integers(0, 64, columns)
                exponents = rng.integers(-250, 100, columns)
                row_last = first + columns >= used
                totals.append({
                    "values": values.tolist(), "exponents": exponents.tolist(), "columns": wanted - 1,
                    "row_last": int(row_last), "command_last": int(row_last and row == rows - 1)})
                rounded = integer_to_fp32(values, exponents).view(np.uint32)
                results += [{"column": first + column, "row": row, "value": int(rounded[column]),
                             "last": int((first + column, row) == (used - 1, rows - 1))} for column in range(wanted)]
    return totals, results


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("stalls", [(0, 0), (0.6, 0), (0, 0.6), (0.3, 0.3)])
def test_results(columns, stalls):
    """Totals come some cycles after their reservation, in order; as many reservations as there is credit for."""
    totals, results = draw_commands(np.random.default_rng(columns), columns, 25)
    dut, rng = ResultSerialiser(dot=DotShape(columns=columns, slots=2)), random.Random(columns)
    under_way = []

    async def reserve(ctx):
        reserved = sent = cycle = 0
        while sent < len(totals):
            due = bool(under_way) and under_way[0] <= cycle
            ctx.set(dut.totals.valid, due)
            if due:
                ctx.set(dut.totals.p, totals[sent])
                under_way.pop(0)
                sent += 1
            wanted = reserved < len(totals) and ctx.get(dut.credit) and rng.random() >= stalls[0]
            ctx.set(dut.reserve, wanted)
            if wanted:
                under_way.append(max(cycle + rng.randrange(1, 20), *under_way[-1:], 0) + 1)
                reserved += 1
            await ctx.tick()
            cycle += 1
        ctx.set(dut.totals.valid, 0)
        ctx.set(dut.reserve, 0)

    async def check(ctx):
        got = await receive(ctx, dut.results, len(results), random.Random(1), stalls[1])
        for index, (result, expected) in enumerate(zip(got, results)):
            assert result == expected, f"result {index}"
        for _ in range(20):
            *_, valid = await ctx.tick().sample(dut.results.valid)
            assert not valid, "a result too many"

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(reserve)
    simulator.add_testbench(check)
    run_with_deadline(simulator, 10_000)


def test_credit_and_throughput():
    """16 reservations and no more while nothing comes out; then a result per cycle, and credit for all places again."""
    dut = ResultSerialiser(dot=DotShape(columns=2))

    async def testbench(ctx):
        ctx.set(dut.reserve, 1)
        for cycle in range(PLACES):
            assert ctx.get(dut.credit), cycle
            await ctx.tick()
        ctx.set(dut.reserve, 0)
        for _ in range(5):
            assert not ctx.get(dut.credit)
            await ctx.tick()
        ctx.set(dut.totals.valid, 1)
        ctx.set(dut.totals.p, {"values": [3, -5], "exponents": [0, 1], "columns": 1})
        for _ in range(PLACES):
            await ctx.tick()
        ctx.set(dut.totals.valid, 0)
        await ctx.tick().repeat(60)
        # What is on its way may leave its places: the results have room behind the conversion.
        ctx.set(dut.results.ready, 1)
        values = []
        for _ in range(2 * PLACES):
            *_, valid, value = await ctx.tick().sample(dut.results.valid, dut.results.p.value)
            assert valid
            values.append(value)
        assert values == [0x40400000, 0xC1200000] * PLACES
        *_, valid = await ctx.tick().sample(dut.results.valid)
        assert not valid
        ctx.set(dut.reserve, 1)
        for cycle in range(PLACES):
            assert ctx.get(dut.credit), cycle
            await ctx.tick()
        assert not ctx.get(dut.credit)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 1000)
