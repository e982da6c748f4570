"""Accesses reach the region of their address, and no other."""

import random

from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
import pytest

from soc.cpu.decoder import BusDecoder
from soc.cpu.map import Region
from testing.processor_bus import access


@pytest.mark.parametrize("rest", [False, True])
def test_regions(rest):
    regions = list(Region)[::2] if rest else Region
    dut, rng = BusDecoder(regions=regions, rest=rest), random.Random(2)
    targets = {region: getattr(dut, region.name.lower()) for region in regions}
    if rest:
        targets[None] = dut.rest
    taken = []

    def target(region, bus):
        async def testbench(ctx):
            while True:
                for _ in range(rng.randrange(3)):
                    await ctx.tick()
                answer = rng.getrandbits(32)
                ctx.set(bus.read_data, answer)
                ctx.set(bus.ready, 1)
                *_, valid, place, strobes, data = await ctx.tick().sample(
                    bus.valid, bus.address, bus.strobes, bus.write_data)
                if valid:
                    taken.append((region, place, strobes, data, answer))
                ctx.set(bus.ready, 0)
        return testbench

    async def master(ctx):
        for _ in range(300):
            place, strobes, data = rng.getrandbits(32) & ~3, rng.randrange(16), rng.getrandbits(32)
            read, cycles = await access(ctx, dut.bus, place, strobes=strobes, data=data)
            region = 4 if place >> 30 == 1 else place >> 28
            if rest and region not in targets:
                region = None
            if region in targets:
                assert taken == [(region, place, strobes, data, read)]
                taken.clear()
            else:
                assert (read, cycles, taken) == (0, 1, [])

    m = Module()
    m.domains.sync = ClockDomain()
    m.submodules.dut = dut
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    for region, bus in targets.items():
        simulator.add_testbench(target(region, bus), background=True)
    # Who takes an access comes before who has made it.
    simulator.add_testbench(master)
    simulator.run()
