"""Every access passes once, as it is, and its answer comes back."""

import random

from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
import pytest

from soc.cpu.bus_register import BusRegister
from testing.processor_bus import accesses


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_accesses(stall):
    dut, rng = BusRegister(), random.Random(3)
    steps = [(rng.getrandbits(32) & ~3, rng.randrange(16), rng.getrandbits(32)) for _ in range(300)]
    taken, delays = [], []

    async def target(ctx):
        while True:
            delays.append(rng.randrange(3) if stall else 0)
            while not ctx.get(dut.target.valid):
                # Without an access an answer means nothing.
                ctx.set(dut.target.ready, rng.randrange(2) if stall else 0)
                ctx.set(dut.target.read_data, rng.getrandbits(32))
                await ctx.delay(0)
                if not ctx.get(dut.target.valid):
                    await ctx.tick()
            ctx.set(dut.target.ready, 0)
            place = [ctx.get(member) for member in (dut.target.address, dut.target.strobes, dut.target.write_data)]
            for _ in range(delays[-1]):
                await ctx.tick()
                assert ctx.get(dut.target.valid)
            answer = rng.getrandbits(32)
            ctx.set(dut.target.read_data, answer)
            ctx.set(dut.target.ready, 1)
            assert place == [ctx.get(member)
                             for member in (dut.target.address, dut.target.strobes, dut.target.write_data)]
            taken.append((*place, answer))
            await ctx.tick()
            ctx.set(dut.target.ready, 0)
            ctx.set(dut.target.read_data, rng.getrandbits(32))

    async def master(ctx):
        number = 0
        async for read, cycles in accesses(ctx, dut.bus, steps, rng, stall):
            assert taken[number] == (*steps[number], read) and len(taken) == number + 1
            assert cycles == 3 + delays[number]
            number += 1
        assert number == len(steps)

    m = Module()
    m.domains.sync = ClockDomain()
    m.submodules.dut = dut
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(target, background=True)
    simulator.add_testbench(master)
    simulator.run()
