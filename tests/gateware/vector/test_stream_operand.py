"""Beats to stripes, for every ratio of their widths."""

import random

from amaranth.sim import Simulator
import pytest

from gateware.vector.stream_operand import StreamOperand
from testing.streams import send

LENGTHS = (1, 20, 0, 5, 64, 33, 2)


@pytest.mark.parametrize("lanes,bus_bits", [(2, 32), (2, 64), (2, 256), (4, 32), (4, 64), (4, 128), (8, 32),
                                            (8, 256), (16, 64)])
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_stripes(lanes, bus_bits, stall):
    rng = random.Random(f"{lanes} {bus_bits} {stall}")
    words = bus_bits // 32
    dut = StreamOperand(lanes=lanes, bus_bits=bus_bits)
    passes, beats = [], []
    for length in LENGTHS:
        elements = [rng.getrandbits(32) for _ in range(length)]
        passes.append(elements)
        padded = elements + [rng.getrandbits(32) for _ in range(-length % words)]
        beats += [sum(padded[i + j] << 32 * j for j in range(words)) for i in range(0, len(padded), words)]

    async def feed(ctx):
        await send(ctx, dut.beats, beats, rng, stall)

    async def testbench(ctx):
        for elements in passes:
            ctx.set(dut.start, 1)
            ctx.set(dut.length, len(elements))
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.length, rng.getrandbits(20))
            stripes = -(-len(elements) // lanes)
            reserved, pending, taken, cycles = 0, [0, 0], 0, 0
            while taken < stripes:
                # Taken two cycles after it was reserved, like beside a memory.
                reserve = reserved < stripes and ctx.get(dut.available) and rng.random() >= stall
                ctx.set(dut.reserve, reserve)
                reserved += reserve
                pending.append(reserve)
                take = pending.pop(0)
                ctx.set(dut.take, take)
                if take:
                    want = elements[taken * lanes:(taken + 1) * lanes]
                    assert list(ctx.get(dut.stripe))[:len(want)] == want
                    taken += 1
                await ctx.tick()
                cycles += 1
            ctx.set(dut.take, 0)
            assert not ctx.get(dut.beats.ready)
            if not stall:
                assert cycles <= max(stripes, -(-len(elements) // words)) + 4

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    simulator.add_testbench(testbench)
    simulator.run()
