"""Memory side: every address and length of an instruction, and the order of stores and the streams that read
them."""

import random

import pytest
from amaranth.sim import Simulator

from gateware.control.line_issuer import LineIssuer
from gateware.control.memory_side import MemorySide
from gateware.control.resolver import Resolver
from gateware.isa import FIELDS, Instruction, Index, Opcode, Sink, encode
from gateware.layouts import DotCommand, VectorCommand
from testing.deadline import run_with_deadline
from testing.streams import receive, run_stream_test, send

_BUS_BITS = 128
_STORING = (Sink.STORE, Sink.ARGMAX)


def _random_instruction(rng):
    values = {field.name: rng.choice(list(field.kind)) if field.kind else rng.getrandbits(field.bits)
              for field in FIELDS}
    # No more than memory can have, so that expected values need no wrapping.
    values |= {"stream_lines": rng.choice([0, 1, rng.randint(2, 65535)]),
               "stream_base": rng.getrandbits(28), "store_base": rng.getrandbits(28),
               "scale_base": rng.getrandbits(28), "stream_index_stride": rng.choice([0, rng.getrandbits(10)]),
               "store_index_stride": rng.getrandbits(10), "stream_grow_scale": rng.randint(0, 7)}
    return Instruction(**values)


def _ceil(numerator, denominator):
    return -(-numerator // denominator)


def _expected(instruction, index, stores, token, position):
    """The line block (None without a stream) and the work of an instruction; ``position`` is the first token's."""
    i = instruction
    position += i.member
    n = position + 1
    register = {Index.NONE: 0, Index.TOKEN: token, Index.POSITION: position}[i.stream_index]
    beats = i.stream_line_beats
    if i.stream_line_grow:
        beats = _ceil(n, 2**i.stream_grow_shift) * 2**i.stream_grow_scale
    lines = n if i.stream_lines_grow else i.stream_lines
    block = {"address": i.stream_base + register * i.stream_index_stride, "lines": lines, "beats": beats,
             "stride": i.stream_line_stride, "wait": i.wait, "stores": stores % 256, "index": index}
    offset = 0
    if i.packed and i.stream_index != Index.NONE:
        words = _BUS_BITS // 32
        block["address"], offset = divmod(i.stream_base * words + register * i.stream_index_stride, words)
        if not i.stream_line_grow:
            block["beats"] = _ceil(offset + i.stream_line_beats, words)
    dot = {name: getattr(i, name, offset) for name, _ in DotCommand}
    dot |= {"vectors": _ceil(n, 32) if i.vectors_grow else i.vectors, "rows": n if i.rows_grow else i.rows}
    vector = {name: getattr(i, name) for name, _ in VectorCommand}
    vector |= {"length": n if i.length_grow else i.length}
    store_base = i.store_base + position * i.store_index_stride if i.sink in _STORING else i.store_base
    work = {"opcode": i.opcode, "behind": i.behind, "streams": lines != 0, "score": i.rows_grow, "mix": i.vectors_grow,
            "dot": dot, "vector": vector,
            "destination_stride": i.destination_stride,
            "store": {"base": store_base, "stride": i.store_stride, "code_bits": i.code_bits,
                      "scale_address": i.scale_base + 4 * position * (i.sink in _STORING)}}
    return block if lines else None, work


def _bits(instruction):
    return int.from_bytes(encode(instruction), "little")


@pytest.mark.parametrize("token,position", [(0, 0), (1, 31), (31999, 32), (17, 1023), (127999, 16383)])
def test_resolver(token, position):
    rng = random.Random(position)
    instructions = [_random_instruction(rng) for _ in range(40)]
    blocks, works, stores = [], [], 0
    for index, instruction in enumerate(instructions):
        block, work = _expected(instruction, index, stores, token, position)
        blocks += [block] if block else []
        works.append(work)
        stores += instruction.sink in _STORING
    run_stream_test(Resolver(bus_bits=_BUS_BITS), inputs={"instruction": _bits_of(instructions)},
                    outputs={"block": blocks, "work": works},
                    settings={"token": token, "position": position}, seeds=[0], deadline=4000)


def _bits_of(instructions):
    return [_bits(instruction) for instruction in instructions]


def test_resolver_under_stalls():
    """Either part of an instruction may be taken first."""
    rng = random.Random(5)
    instructions = [_random_instruction(rng) for _ in range(30)]
    with_stream = sum(bool(i.stream_lines or i.stream_lines_grow) for i in instructions)
    run_stream_test(Resolver(bus_bits=_BUS_BITS), inputs={"instruction": _bits_of(instructions)},
                    outputs={"block": with_stream, "work": len(instructions)},
                    settings={"token": 3, "position": 4}, seeds=range(4), deadline=8000)


def test_lines():
    rng = random.Random(2)
    blocks, lines = [], []
    for index in range(30):
        block = {"address": rng.getrandbits(30), "lines": rng.choice([1, 2, rng.randint(3, 30)]),
                 "beats": rng.getrandbits(24), "stride": rng.getrandbits(24), "wait": 0, "stores": 9,
                 "index": index}
        blocks.append(block)
        lines += [{"address": block["address"] + line * block["stride"], "beats": block["beats"],
                   "last": line == block["lines"] - 1, "index": index} for line in range(block["lines"])]
    run_stream_test(LineIssuer(), inputs={"blocks": blocks}, outputs={"lines": lines}, deadline=8000)


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
