# amaranth: UnusedElaboratable=no
"""Read engine: every beat once and in order, bursts within their rules, no starvation, full throughput."""

import random

import pytest
from amaranth.sim import Simulator

from gateware.dma.burst_splitter import BurstSplitter
from gateware.dma.read_engine import ReadEngine
from gateware.isa import INSTRUCTION_BITS
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline
from testing.streams import receive, run_stream_test, send


def _random_lines(rng, count, limit, longest):
    """Lines of a program: mostly short ones, and the index and `last` of each."""
    lines, index = [], 0
    while len(lines) < count:
        of_instruction = rng.randint(1, 4)
        for line in range(of_instruction):
            beats = rng.choice([1, rng.randint(1, 9), rng.randint(1, longest)])
            lines.append({"address": rng.randrange(limit - beats), "beats": beats,
                          "last": line == of_instruction - 1, "index": index})
        index += 1
    return lines


@pytest.mark.parametrize("max_burst", [2, 8, 64])
def test_splitter(max_burst):
    rng = random.Random(max_burst)
    lines = _random_lines(rng, 60, 1 << 32, 3 * max_burst)
    bursts = []
    for line in lines:
        address, end = line["address"], line["address"] + line["beats"]
        while address < end:
            length = min(end, (address // max_burst + 1) * max_burst) - address
            burst = {"address": address, "length": length}
            bursts.append({"tagged": {"burst": burst, "index": line["index"]},
                           "last": line["last"] and address + length == end})
            address += length
    run_stream_test(BurstSplitter(max_burst=max_burst), inputs={"lines": lines}, outputs={"bursts": bursts})


@pytest.mark.parametrize("bus_bits,depth", [(32, 16), (64, 128), (256, 32)])
@pytest.mark.parametrize("seed", range(3))
def test_reads_every_beat_in_order(bus_bits, depth, seed):
    rng = random.Random(f"{bus_bits} {depth} {seed}")
    stall = (0.0, 0.2, 0.7)[seed]
    words = [rng.getrandbits(bus_bits) for _ in range(1000)]
    beats_of_instruction = INSTRUCTION_BITS // bus_bits
    lines = _random_lines(rng, 40, len(words), 60)
    reads = [{"address": rng.randrange(len(words) // beats_of_instruction) * beats_of_instruction, "index": n}
             for n in range(20)]
    data = [{"data": words[line["address"] + beat], "last": line["last"] and beat == line["beats"] - 1}
            for line in lines for beat in range(line["beats"])]
    program = [words[read["address"] + beat] for read in reads for beat in range(beats_of_instruction)]

    dut = ReadEngine(bus_bits=bus_bits, depth=depth)
    dram = BurstMemory(words, bus_bits=bus_bits, seed=seed, stall=stall)
    got = {}

    def sender(port, values):
        async def process(ctx):
            await send(ctx, port, values, random.Random(seed), stall)
        return process

    def receiver(name, count):
        async def testbench(ctx):
            got[name] = await receive(ctx, getattr(dut, name), count, random.Random(f"{seed} {name}"), stall)
        return testbench

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut)
    simulator.add_process(sender(dut.lines, lines))
    simulator.add_process(sender(dut.instructions, reads))
    simulator.add_testbench(receiver("data", len(data)))
    simulator.add_testbench(receiver("program", len(program)))
    run_with_deadline(simulator, 20_000)
    assert got == {"data": data, "program": program}
    assert all(length <= max(depth // 4, beats_of_instruction) for _, length in dram.reads)


def test_bus_never_idles_on_long_lines():
    """With room for the latency, 600 beats take 600 cycles after the first."""
    words = list(range(1000))
    dut = ReadEngine(bus_bits=64, depth=256)
    dram = BurstMemory(words, bus_bits=64, latency=(30, 30), stall=0.0)

    async def testbench(ctx):
        ctx.set(dut.lines.payload, {"address": 7, "beats": 600, "last": 1, "index": 3})
        ctx.set(dut.lines.valid, 1)
        await ctx.tick().until(dut.lines.ready)
        ctx.set(dut.lines.valid, 0)
        ctx.set(dut.data.ready, 1)
        cycles = [cycle async for cycle in _data_cycles(ctx, dut, 600)]
        assert cycles[-1] - cycles[0] <= 605

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 2000)
    assert sum(length for _, length in dram.reads) == 600


async def _data_cycles(ctx, dut, count):
    cycle = 0
    while count:
        *_, valid = await ctx.tick().sample(dut.data.valid)
        cycle += 1
        if valid:
            count -= 1
            yield cycle


def test_an_instruction_overtakes_a_line_that_nobody_takes():
    """The data FIFO is full and stays so; the instruction arrives all the same."""
    words = list(range(5000))
    dut = ReadEngine(bus_bits=128, depth=64)
    dram = BurstMemory(words, bus_bits=128, latency=(5, 5), stall=0.0)
    got = []

    async def testbench(ctx):
        ctx.set(dut.lines.payload, {"address": 0, "beats": 4000, "last": 1, "index": 1})
        ctx.set(dut.lines.valid, 1)
        await ctx.tick().repeat(200)
        assert ctx.get(dut.full)
        await send(ctx, dut.instructions, [{"address": 4100, "index": 2}])
        got.extend(await receive(ctx, dut.program, 4))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 400)
    assert got == [4100, 4101, 4102, 4103]
    assert sum(length for _, length in dram.reads) == 64 + 4


def test_instructions_come_before_data_where_both_have_room():
    """A line of many bursts is under way, with room for all of them, and four instructions come: they are the next to
    be requested, but for the burst that was about to be."""
    dut, requested = ReadEngine(bus_bits=128, depth=256), []

    async def lines(ctx):
        await send(ctx, dut.lines, [{"address": 0, "beats": 4096, "last": 1, "index": 1}])

    async def instructions(ctx):
        await ctx.tick().until(dut.read_request.valid)
        await send(ctx, dut.instructions, [{"address": 5000 + 4 * n, "index": 2 + n} for n in range(4)])

    async def testbench(ctx):
        # A request is taken only now and then, so that both always wait.
        for _ in range(12):
            await ctx.tick().repeat(8)
            ctx.set(dut.read_request.ready, 1)
            *_, valid, address, index = await ctx.tick().sample(
                dut.read_request.valid, dut.read_request.p.address, dut.read_index)
            ctx.set(dut.read_request.ready, 0)
            requested.extend([(address, index)] if valid else [])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(lines)
    simulator.add_process(instructions)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 200)
    addresses = [address for address, _index in requested]
    # Two bursts of data were in the buffer of requests before the first instruction came; the FIFO has room for four.
    assert addresses == [0, 64, 5000, 5004, 5008, 5012, 128, 192]
    assert [index for _address, index in requested] == [1, 1, 2, 3, 4, 5, 1, 1]


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"^Data FIFO depth must be a power of two of at least 8, not 48$"):
        ReadEngine(bus_bits=64, depth=48)
    with pytest.raises(ValueError, match=r"^Longest burst must be a power of two of 2\.\.1024, not 12$"):
        BurstSplitter(max_burst=12)
