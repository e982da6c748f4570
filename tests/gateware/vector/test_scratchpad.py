"""The scratchpad: both writers at once, masks, and what reads see."""

import random

from amaranth.hdl import Signal
from amaranth.sim import Simulator
import pytest

from gateware.vector.scratchpad import Scratchpad
from testing.streams import send


@pytest.mark.parametrize("lanes", [2, 8])
@pytest.mark.parametrize("seed", range(2))
def test_two_writers_and_a_reader(lanes, seed):
    rng = random.Random(seed)
    elements = 128
    dut = Scratchpad(lanes=lanes, elements=elements)
    model = [rng.getrandbits(32) for _ in range(elements)]
    # Stripes go to the lower half, single results to the upper one.
    stripes = [(rng.randrange(0, elements // 2, lanes), rng.getrandbits(lanes),
               [rng.getrandbits(32) for _ in range(lanes)]) for _ in range(60)]
    results = [{"address": rng.randrange(elements // 2, elements), "value": rng.getrandbits(32)}
               for _ in range(60)]
    traced = list(model)
    loaded = Signal()

    async def testbench(ctx):
        await send(ctx, dut.results, [{"address": a, "value": v} for a, v in enumerate(model)])
        ctx.set(loaded, 1)
        await send(ctx, dut.results, results, rng, 0.3)
        for write in results:
            model[write["address"]] = write["value"]
        while not written:
            await ctx.tick()
        await ctx.tick()
        assert traced == model
        ctx.set(dut.read_enable, 1)
        for stripe in range(elements // lanes + Scratchpad.LATENCY):
            ctx.set(dut.read_stripe, stripe % (elements // lanes))
            if stripe >= Scratchpad.LATENCY:
                first = (stripe - Scratchpad.LATENCY) * lanes
                assert list(ctx.get(dut.read_data)) == model[first:first + lanes]
            await ctx.tick()

    written = []

    async def write(ctx):
        await ctx.changed(loaded)
        for address, mask, values in stripes:
            await ctx.tick().repeat(rng.choice([1, 1, 1, 3]))
            ctx.set(dut.write.valid, 1)
            ctx.set(dut.write.payload, {"address": address, "mask": mask, "data": values})
            assert not ctx.get(dut.results.ready)
            await ctx.tick()
            ctx.set(dut.write.valid, 0)
            for lane in range(lanes):
                if mask >> lane & 1:
                    model[address + lane] = values[lane]
        written.append(True)

    async def trace(ctx):
        async for *_, valid, payload in ctx.tick().sample(dut.trace.valid, dut.trace.payload):
            for lane in range(lanes):
                if valid and payload.mask >> lane & 1:
                    traced[payload.address + lane] = payload.data[lane]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(write)
    simulator.add_process(trace)
    simulator.run()


def test_read_one_cycle_after_the_write():
    dut = Scratchpad(lanes=2, elements=8)

    async def testbench(ctx):
        ctx.set(dut.write.valid, 1)
        ctx.set(dut.write.payload, {"address": 6, "mask": 3, "data": [5, 7]})
        await ctx.tick()
        ctx.set(dut.write.valid, 0)
        ctx.set(dut.read_enable, 1)
        ctx.set(dut.read_stripe, 3)
        await ctx.tick()
        ctx.set(dut.read_stripe, 0)
        await ctx.tick().repeat(Scratchpad.LATENCY - 1)
        assert list(ctx.get(dut.read_data)) == [5, 7]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
