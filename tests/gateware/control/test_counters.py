"""Counters: every event counted once, within the lag that they promise."""

import random

from amaranth.sim import Simulator

from gateware.activity import Counter
from gateware.control.counters import Counters


def test_counts_every_event():
    dut, rng = Counters(), random.Random(1)
    rates = {counter: rng.choice([0.0, 0.1, 0.6, 1.0]) for counter in Counter}
    expected = dict.fromkeys(Counter, 0)

    async def read(ctx, counter):
        ctx.set(dut.index, counter)
        await ctx.tick().repeat(2)
        return ctx.get(dut.value)

    async def testbench(ctx):
        for _ in range(300):
            events = {counter: rng.random() < rates[counter] for counter in Counter}
            ctx.set(dut.events, sum(on << counter for counter, on in events.items()))
            for counter, on in events.items():
                expected[counter] += on
            await ctx.tick()
        ctx.set(dut.events, 0)
        await ctx.tick().repeat(Counters.LATENCY)
        for counter in Counter:
            assert await read(ctx, counter) == expected[counter], counter

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
