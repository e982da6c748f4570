"""base + stride * index, and the cycles it takes."""

import random

from amaranth.sim import Simulator

from gateware.control.indexed_address import IndexedAddress


def test_every_address_and_its_time():
    dut = IndexedAddress()
    rng = random.Random(1)
    cases = [(0, 0, 0), (5, 0, 2**32 - 1), (2**32 - 1, 1, 1), (7, 2**24 - 1, 2**32 - 1), (9, 3, 0)]
    cases += [(rng.getrandbits(32), rng.getrandbits(24), rng.getrandbits(rng.randint(0, 32)))
              for _ in range(60)]

    async def testbench(ctx):
        for base, stride, index in cases:
            ctx.set(dut.base, base)
            ctx.set(dut.stride, stride)
            ctx.set(dut.index, index)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for port in (dut.base, dut.stride, dut.index):
                ctx.set(port, rng.getrandbits(len(port)))
            cycles = 0
            while not ctx.get(dut.ready):
                await ctx.tick()
                cycles += 1
            assert ctx.get(dut.address) == (base + stride * index) % 2**32
            assert cycles == max(index.bit_length() if stride else 0, 1)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
