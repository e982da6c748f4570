"""Router: each unit gets the beats of its instructions, however eager it is."""

import random

import pytest
from amaranth.sim import Simulator

from gateware.control.data_router import DataRouter
from testing.deadline import run_with_deadline
from testing.streams import send


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_each_unit_gets_its_own_beats(stall):
    dut, rng = DataRouter(bus_bits=32), random.Random(1)
    streams = []
    for _ in range(40):
        length = rng.choice([1, 2, rng.randint(3, 9)])
        streams.append((rng.random() < 0.5, [rng.getrandbits(32) for _ in range(length)]))
    expected = {False: [], True: []}
    for vector, beats in streams:
        expected[vector] += beats
    got = {False: [], True: []}

    async def feed(ctx):
        for _, beats in streams:
            payloads = [{"data": beat, "last": n == len(beats) - 1} for n, beat in enumerate(beats)]
            await send(ctx, dut.data, payloads, random.Random(2), stall)

    def unit(vector):
        port = dut.operand if vector else dut.beats
        chance = random.Random(f"{vector}")

        async def process(ctx):
            ready = True
            ctx.set(port.ready, 1)
            async for *_, valid, payload in ctx.tick().sample(port.valid, port.payload):
                if valid and ready:
                    got[vector].append(payload)
                ready = chance.random() >= stall
                ctx.set(port.ready, ready)
        return process

    async def testbench(ctx):
        for vector, _ in streams:
            await ctx.tick().repeat(rng.randint(1, 3))
            assert ctx.get(dut.closed) and not ctx.get(dut.starved)
            ctx.set(dut.open, 1)
            ctx.set(dut.vector, vector)
            await ctx.tick()
            ctx.set(dut.open, 0)
            while not ctx.get(dut.closed):
                await ctx.tick()
            assert len(got[vector]) > 0

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_process(unit(False))
    simulator.add_process(unit(True))
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 4000)
    assert got == expected
