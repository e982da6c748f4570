"""When a card's clock rises and falls, and when its lines are looked at."""

import itertools

from amaranth.sim import Simulator
import pytest

from soc.sd.clock import SdClock
from soc.sd.pins import PIN_LATENCY


@pytest.mark.parametrize("period", [3, 4, 5, 6, 7, 250, 1023])
def test_a_period(period):
    """Low for the longer half; a bit is taken in the middle of the high one, as it was ``PIN_LATENCY`` cycles ago."""
    dut = SdClock()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    seen = []

    async def testbench(ctx):
        ctx.set(dut.period, period)
        await ctx.tick().repeat(2 * 1024)
        async for *_, clk, drive, sample in ctx.tick().sample(dut.clk, dut.drive, dut.sample):
            seen.append((clk, drive, sample))
            if len(seen) == 5 * period + PIN_LATENCY:
                return

    simulator.add_testbench(testbench)
    simulator.run()
    begin = next(i for i in range(1, len(seen)) if seen[i - 1][0] and not seen[i][0])
    low, high = period - period // 2, period // 2
    for start in range(begin, begin + 3 * period, period):
        clks, drives = ([row[column] for row in seen[start:start + period]] for column in (0, 1))
        samples = [row[2] for row in seen[start + PIN_LATENCY:start + PIN_LATENCY + period]]
        assert clks == [0] * low + [1] * high
        assert drives == [0] * (period - 1) + [1]
        assert [i for i, one in enumerate(samples) if one] == [low + high // 2 - 1]


def test_it_stops_low_and_goes_on():
    """While it stands still nothing is looked at; no half of a period gets shorter."""
    dut = SdClock()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    seen = []

    async def testbench(ctx):
        ctx.set(dut.period, 4)
        await ctx.tick().repeat(2 * 1024)
        for cycle in range(400):
            ctx.set(dut.stop, cycle * 7 % 31 < 9)
            *_, clk, sample, stop = await ctx.tick().sample(dut.clk, dut.sample, dut.stop)
            seen.append((clk, sample, stop))

    simulator.add_testbench(testbench)
    simulator.run()
    clks, samples, stops = zip(*seen)
    rises = [i for i in range(1, len(seen)) if clks[i - 1:i + 1] == (0, 1)]
    assert not any(stops[i - 1] for i in rises), "it rose while it was to stop"
    # The first and the last part are cut off by the window that was recorded.
    parts = [(level, len(list(part))) for level, part in itertools.groupby(clks)][1:-1]
    assert {length for level, length in parts if level} == {2}
    lows = {length for level, length in parts if not level}
    assert min(lows) == 2 and max(lows) > 2
    assert abs(sum(samples) - len(rises)) <= 1
