"""Cycles, and 64 bits that belong together."""

from soc.cpu.map import TimerRegister
from soc.cpu.timer import Timer
from testing.processor_bus import access


def test_it_counts_cycles(simulate):
    dut = Timer(clock_hz=50e6)

    async def testbench(ctx):
        low, cycles = await access(ctx, dut.bus, TimerRegister.LOW)
        assert (low, cycles) == (0, 1)
        await ctx.tick().repeat(40)
        assert await access(ctx, dut.bus, TimerRegister.LOW) == (41, 1)
        assert await access(ctx, dut.bus, TimerRegister.HIGH) == (0, 1)

    simulate(dut, testbench)


def test_both_halves_are_of_one_moment(simulate):
    dut = Timer(clock_hz=50e6, init=(5 << 32) - 3)

    async def testbench(ctx):
        await ctx.tick().repeat(2)
        low, _ = await access(ctx, dut.bus, TimerRegister.LOW)
        await ctx.tick().repeat(10)
        high, _ = await access(ctx, dut.bus, TimerRegister.HIGH)
        assert high << 32 | low == (5 << 32) - 1
        low, _ = await access(ctx, dut.bus, TimerRegister.LOW)
        high, _ = await access(ctx, dut.bus, TimerRegister.HIGH)
        assert high << 32 | low == (5 << 32) + 11

    simulate(dut, testbench)
