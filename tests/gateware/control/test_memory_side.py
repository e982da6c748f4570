"""Memory side: lines of streams, the order of stores and the streams that read them, and how far it runs ahead."""

import random

from amaranth.sim import Simulator
import pytest

from gateware.control.line_issuer import LineIssuer
from gateware.control.memory_side import MemorySide
from gateware.isa import Instruction, Opcode, encode
from testing.deadline import run_with_deadline
from testing.streams import receive, run_stream_test, send

_BUS_BITS = 128


def _bits(instruction):
    return int.from_bytes(encode(instruction), "little")


def _bits_of(instructions):
    return [_bits(instruction) for instruction in instructions]


def test_lines():
    """Of one piece each, and of up to three, every one of which is a block."""
    rng = random.Random(2)
    blocks, lines = [], []
    for index in range(60):
        pieces = [(rng.getrandbits(30), rng.getrandbits(24)) for _ in range(rng.choice([1, 1, 2, 3]))]
        block = {"lines": rng.choice([1, 2, rng.randint(3, 30)]),
                 "stride": rng.getrandbits(16), "wait": index % 4 == 0, "stores": 9, "index": index}
        blocks += [block | {"address": address, "beats": beats, "more": number < len(pieces)}
                   for number, (address, beats) in enumerate(pieces, 1)]
        lines += [{"address": address + line * block["stride"], "beats": beats,
                   "last": line == block["lines"] - 1 and number == len(pieces), "index": index}
                  for line in range(block["lines"]) for number, (address, beats) in enumerate(pieces, 1)]
    run_stream_test(LineIssuer(), inputs={"blocks": blocks}, outputs={"lines": lines}, deadline=12000,
                    settings={"stores_retired": 9, "writes_idle": 1})


@pytest.mark.parametrize("pieces,expected", [
    (1, [2, 3, 4]), (2, [3, 4, 5, 6, 7, 8]), (3, [4, 5, 6, 7, 8, 9, 10, 11, 12])])
def test_cycles_of_lines(pieces, expected):
    """Of three lines, counted from the first block: two cycles after the last one, then a piece per cycle."""
    dut, offered = LineIssuer(), []

    async def testbench(ctx):
        ctx.set(dut.lines.ready, 1)
        sent = 0
        ctx.set(dut.blocks.valid, 1)
        for cycle in range(20):
            more = sent < pieces - 1
            ctx.set(dut.blocks.payload, {"lines": 3, "beats": 1, "address": sent, "more": more, "stride": 8})
            ctx.set(dut.blocks.valid, sent < pieces)
            *_, taken, valid = await ctx.tick().sample(dut.blocks.valid & dut.blocks.ready, dut.lines.valid)
            sent += taken
            offered.extend([cycle] if valid else [])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 100)
    assert offered == expected


def test_a_stream_that_waits():
    """Held until the count of retired stores is reached and the write engine is idle; not by later stores."""
    dut = LineIssuer()

    async def testbench(ctx):
        ctx.set(dut.stores_retired, 254)
        ctx.set(dut.writes_idle, 1)
        ctx.set(dut.lines.ready, 1)
        await send(ctx, dut.blocks, [{"address": 1, "lines": 1, "beats": 1, "wait": 1, "stores": 1}])
        for retired, idle in ((254, 1), (255, 1), (0, 0), (0, 1), (1, 0), (1, 0)):
            ctx.set(dut.stores_retired, retired)
            ctx.set(dut.writes_idle, idle)
            await ctx.tick().repeat(3)
            assert ctx.get(dut.waiting) and not ctx.get(dut.lines.valid)
        ctx.set(dut.writes_idle, 1)
        await ctx.tick()
        assert ctx.get(dut.lines.valid) and not ctx.get(dut.waiting)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 100)


def test_runs_ahead_by_its_queue():
    """Nobody executes: the queue fills, and the streams of all in it, and of the next, have been
    requested."""
    dut = MemorySide(queue=5, bus_bits=_BUS_BITS)
    instructions = [Instruction(opcode=Opcode.DOT, stream_base=100 * n, stream_lines=1,
                                stream_line_beats=n + 1) for n in range(12)]
    requested = []

    async def feed(ctx):
        await send(ctx, dut.instruction, _bits_of(instructions))

    async def lines(ctx):
        ctx.set(dut.lines.ready, 1)
        async for *_, valid, address in ctx.tick().sample(dut.lines.valid, dut.lines.p.address):
            if valid:
                requested.append(address)

    async def testbench(ctx):
        for executed in range(4):
            await ctx.tick().repeat(100)
            assert requested == [100 * n for n in range(7 + executed)]
            work, = await receive(ctx, dut.work, 1)
            assert work["opcode"] == Opcode.DOT and work["streams"]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_process(lines)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 1000)
