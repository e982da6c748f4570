"""Resolver: the same addresses and lengths as `extent`, of random instructions over all fields, in five cycles."""

import random

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from gateware.control.resolver import Resolver
from gateware.extent import extent
from gateware.isa import FIELDS, Index, Instruction, Opcode, Sink, encode
from gateware.layouts import DotCommand, VectorCommand
from testing.deadline import run_with_deadline
from testing.streams import run_stream_test

_INSTRUCTIONS = 160


def _random_instruction(rng, most_members):
    """Any value of any field; every second one has no stream or one of few lines, as most have."""
    values = {field.name: rng.choice(list(field.kind)) if field.kind else rng.getrandbits(field.bits)
              for field in FIELDS}
    values["member"] = rng.randrange(most_members)
    if rng.getrandbits(1):
        values |= {"stream_lines": rng.choice([0, 1, rng.randint(2, 65535)]), "stream_lines_grow": 0}
    for name in ("stream_index_stride", "store_index_stride"):
        values[name] = rng.choice([0, 1, rng.getrandbits(10), values[name]])
    return Instruction(**values)


def _expected(i, index, stores, **registers):
    """The line block (None without a stream) and the work of an instruction."""
    e = extent(i, **registers)
    block = {"address": e.base, "lines": e.lines, "beats": e.beats, "stride": e.stride, "wait": i.wait,
             "stores": stores % 256, "index": index}
    dot = {name: getattr(i, name, None) for name, _ in DotCommand}
    dot |= {"vectors": e.vectors, "rows": e.rows, "offset": e.offset}
    vector = {name: getattr(i, name) for name, _ in VectorCommand} | {"length": e.length}
    work = {"opcode": i.opcode, "overlap": i.overlap, "streams": e.lines != 0, "score": i.rows_grow,
            "mix": i.vectors_grow, "dot": dot, "vector": vector,
            "destination_stride": i.destination_stride,
            "store": {"base": e.store_address, "stride": i.store_stride, "code_bits": i.code_bits,
                      "elements": i.sink == Sink.MEMORY, "scale_address": e.scale_address}}
    return block if e.lines else None, work


def _bits(instruction):
    return int.from_bytes(encode(instruction), "little")


@pytest.mark.parametrize("bus_bits", [32, 64, 128, 256])
@pytest.mark.parametrize("token,position", [
    (0, 0), (1, 31), (31999, 32), (17, 1023), (127999, 16383), (0xFFFF_FFFF, 65504)])
def test_resolver(bus_bits, token, position):
    """Without stalls and with stalls on all sides, so that either part of an instruction may be taken first."""
    rng = random.Random(f"{bus_bits} {position}")
    instructions = [_random_instruction(rng, 32) for _ in range(_INSTRUCTIONS)]
    blocks, works, stores = [], [], 0
    for index, instruction in enumerate(instructions):
        block, work = _expected(instruction, index, stores, token=token, position=position, bus_bytes=bus_bits // 8)
        blocks += [block] if block else []
        works.append(work)
        stores += instruction.sink in (Sink.STORE, Sink.MEMORY)
    assert len(blocks) > _INSTRUCTIONS // 2 and stores > _INSTRUCTIONS // 8
    for stall in (0.0, {"instruction": 0.2, "block": 0.6, "work": 0.6}):
        run_stream_test(Resolver(bus_bits=bus_bits), inputs={"instruction": [_bits(i) for i in instructions]},
                        outputs={"block": blocks, "work": works},
                        settings={"token": token, "position": position}, seeds=[position], stall=stall, deadline=16000)


@pytest.mark.parametrize("instruction,token,cycles", [
    (Instruction(opcode=Opcode.VECTOR), 0, 5),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_line_beats=7), 1000, 5),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_index=Index.TOKEN), 1000, 5),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_index=Index.TOKEN, stream_index_stride=3), 0, 5),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_index=Index.TOKEN, stream_index_stride=3), 1, 5),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_index=Index.TOKEN, stream_index_stride=3), 2, 6),
    (Instruction(opcode=Opcode.DOT, stream_lines=1, stream_index=Index.TOKEN, stream_index_stride=3), 1000, 14),
    (Instruction(opcode=Opcode.VECTOR, sink=Sink.STORE, store_index_stride=3, member=7), 0, 7),
    (Instruction(opcode=Opcode.VECTOR, sink=Sink.SCRATCHPAD, store_index_stride=3, member=7), 0, 5)])
def test_cycles(instruction, token, cycles):
    """From one instruction to the next when nobody stalls: five, and one for each bit of the index beyond the first."""
    dut, taken = Resolver(bus_bits=64), []

    async def testbench(ctx):
        ctx.set(dut.token, token)
        ctx.set(Value.cast(dut.instruction.payload), _bits(instruction))
        for port in (dut.instruction.valid, dut.block.ready, dut.work.ready):
            ctx.set(port, 1)
        cycle = 0
        async for *_, ready in ctx.tick().sample(dut.instruction.ready):
            cycle += 1
            taken.extend([cycle] if ready else [])
            if len(taken) == 4:
                return

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 100)
    assert taken == [cycles, 2 * cycles, 3 * cycles, 4 * cycles]
