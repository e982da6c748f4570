"""The DRAM behind the processor's bus, against a model of bytes, with a memory that stalls."""

import random

from amaranth.sim import Simulator
import pytest

from soc.cpu.dram_window import DramWindow
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline
from testing.processor_bus import access

SIZE = 1024
BASE = 0x4000_0000


def _window(bus_bits, seed, **options):
    dut = DramWindow(bus_bits=bus_bits, memory_bytes=SIZE)
    content = random.Random(seed).randbytes(SIZE)
    step = bus_bits // 8
    words = [int.from_bytes(content[place:place + step], "little") for place in range(0, SIZE, step)]
    memory = BurstMemory(words, bus_bits=bus_bits, seed=seed, **options)
    return dut, memory, bytearray(content)


def _run(dut, memory, testbench, *others):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    memory.add_to(simulator, dut.memory)
    simulator.add_testbench(testbench)
    for other in others:
        simulator.add_process(other)
    run_with_deadline(simulator, 200_000)


def _bytes(memory, bus_bits):
    return b"".join(word.to_bytes(bus_bits // 8, "little") for word in memory.words)


async def _flush(ctx, dut):
    ctx.set(dut.flush, 1)
    while True:
        *_, flushed = await ctx.tick().sample(dut.flushed)
        if flushed:
            break
    ctx.set(dut.flush, 0)


@pytest.mark.parametrize("bus_bits, seed", [(32, 1), (64, 2), (128, 3), (256, 4)])
def test_it_is_memory(bus_bits, seed):
    """Words and bytes, near each other and far away; what was written is in the DRAM after a flush, nothing else."""
    dut, memory, model = _window(bus_bits, seed)
    rng = random.Random(seed)

    async def testbench(ctx):
        ctx.set(dut.available, 1)
        place = 0
        for _ in range(500):
            place = rng.choice((place + 4, place, rng.randrange(0, SIZE, 4), place ^ 4)) % SIZE
            strobes = rng.choice((0, 0, 15, rng.randrange(1, 16)))
            value = rng.getrandbits(32)
            read, _ = await access(ctx, dut.bus, BASE + place, strobes=strobes, data=value)
            if not strobes:
                assert read == int.from_bytes(model[place:place + 4], "little"), f"seed {seed}"
            for byte in range(4):
                if strobes >> byte & 1:
                    model[place + byte] = value >> 8 * byte & 0xff
            if rng.random() < 0.02:
                await _flush(ctx, dut)
                assert _bytes(memory, bus_bits) == model, f"seed {seed}"
        await _flush(ctx, dut)

    _run(dut, memory, testbench)
    assert _bytes(memory, bus_bits) == model
    assert all(length == 1 for _, length in memory.reads + memory.writes)


def test_words_that_are_only_written_are_not_read():
    dut, memory, model = _window(128, 5, latency=(8, 8), stall=0)

    async def testbench(ctx):
        ctx.set(dut.available, 1)
        for place in range(0, 64, 4):
            _, cycles = await access(ctx, dut.bus, BASE + place, strobes=15, data=place)
            assert cycles == 2 or place % 16 == 0 and place and cycles < 20
        # The word that is there already.
        assert (await access(ctx, dut.bus, BASE + 60, strobes=1, data=1))[1] == 2
        await _flush(ctx, dut)
        assert memory.reads == [] and memory.writes == [(0, 1), (1, 1), (2, 1), (3, 1)]
        read, cycles = await access(ctx, dut.bus, BASE + 64)
        assert read == int.from_bytes(model[64:68], "little") and 8 < cycles < 20
        assert (await access(ctx, dut.bus, BASE + 76))[1] == 2

    _run(dut, memory, testbench)


@pytest.mark.parametrize("place", [SIZE, SIZE + 4, 1 << 29, (1 << 30) - 4])
def test_outside_there_is_nothing(place):
    dut, memory, model = _window(64, 6)
    pulses = []

    async def testbench(ctx):
        ctx.set(dut.available, 1)
        await access(ctx, dut.bus, BASE, strobes=15, data=5)
        assert await access(ctx, dut.bus, BASE + place, strobes=15, data=0xffff_ffff) == (0, 2)
        assert await access(ctx, dut.bus, BASE + place) == (0, 2)
        assert (await access(ctx, dut.bus, BASE + SIZE - 4))[0] == int.from_bytes(model[-4:], "little")
        await _flush(ctx, dut)

    async def watch(ctx):
        async for *_, outside, unavailable in ctx.tick().sample(dut.outside, dut.unavailable):
            pulses.extend(["outside"] * outside + ["unavailable"] * unavailable)

    _run(dut, memory, testbench, watch)
    model[:4] = (5).to_bytes(4, "little")
    assert _bytes(memory, 64) == model and pulses == ["outside", "outside"]
    assert memory.reads == [(SIZE // 8 - 1, 1)]


def test_a_dram_that_is_not_available_stops_nobody():
    """Refused at once; what was written before is kept and goes to the DRAM later; no request is made meanwhile."""
    dut, memory, model = _window(64, 7)
    pulses = []

    async def testbench(ctx):
        assert await access(ctx, dut.bus, BASE + 8) == (0, 2)
        # What needs no DRAM is done.
        assert (await access(ctx, dut.bus, BASE + 16, strobes=15, data=0x11223344))[1] == 2
        assert await access(ctx, dut.bus, BASE + 16) == (0, 2)
        assert (await access(ctx, dut.bus, BASE + 24, strobes=15, data=7))[1] == 2
        await _flush(ctx, dut)
        assert memory.reads == memory.writes == [] and pulses == ["unavailable"] * 4
        ctx.set(dut.available, 1)
        assert (await access(ctx, dut.bus, BASE + 16))[0] == 0x11223344
        await _flush(ctx, dut)

    async def watch(ctx):
        async for *_, unavailable in ctx.tick().sample(dut.unavailable):
            pulses.extend(["unavailable"] * unavailable)

    _run(dut, memory, testbench, watch)
    model[16:20] = bytes.fromhex("44332211")
    assert _bytes(memory, 64) == model and len(pulses) == 4


def test_what_somebody_else_changes_is_read_again():
    """But for the bytes that the processor has written itself; what has begun ends when the DRAM is taken away."""
    dut, memory, model = _window(64, 8, latency=(20, 20))

    async def testbench(ctx):
        ctx.set(dut.available, 1)
        await access(ctx, dut.bus, BASE + 8)
        await access(ctx, dut.bus, BASE + 8, strobes=1, data=0xaa)
        memory.words[1] = 0x0123_4567_89ab_cdef
        assert (await access(ctx, dut.bus, BASE + 12))[0] == int.from_bytes(model[12:16], "little")
        ctx.set(dut.stale, 1)
        await ctx.tick()
        ctx.set(dut.stale, 0)
        assert (await access(ctx, dut.bus, BASE + 12))[0] == 0x0123_4567
        assert (await access(ctx, dut.bus, BASE + 8))[0] == 0x89ab_cdaa
        await _flush(ctx, dut)
        assert memory.words[1] == 0x0123_4567_89ab_cdaa
        # After a flush the word is forgotten.
        memory.words[1] = 5
        assert (await access(ctx, dut.bus, BASE + 8))[0] == 5
        # Taken away in the middle of a read.
        ctx.set(dut.bus.address, BASE + 32)
        ctx.set(dut.bus.valid, 1)
        await ctx.tick().repeat(6)
        assert ctx.get(dut.active)
        ctx.set(dut.available, 0)
        while ctx.get(dut.active):
            await ctx.tick()
        ctx.set(dut.stale, 1)
        while not ctx.get(dut.bus.ready):
            await ctx.tick()
        assert ctx.get(dut.bus.read_data) == int.from_bytes(model[32:36], "little")
        await ctx.tick()
        ctx.set(dut.bus.valid, 0)

    _run(dut, memory, testbench)
