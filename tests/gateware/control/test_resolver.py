"""Resolver: the same addresses and lengths as `extent`, of random instructions over all fields, in five cycles."""

from dataclasses import replace
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
    values["window"] = 0
    values["sinks"] = rng.choice([0, 0, rng.randint(1, 127)])
    return Instruction(**values)


def _windowed(rng, most_members, position):
    """K, V, fp32 elements with and without a stream, or a store, through windows of which most are full."""
    i = _random_instruction(rng, most_members)
    near = max(1, min(65535, position + rng.randint(-70, 5)))
    window = rng.choice([1, rng.randint(1, 100), rng.randint(1, 65535), near])
    kind = rng.choice(["scores", "values", "scales", "pass", "store"])
    shift = {"scores": 0, "values": rng.choice([4, 5])}.get(kind, rng.randint(0, 5))
    stores = kind == "store"
    return replace(
        i, window=window, sinks=rng.choice([0, rng.randint(1, 127)]), stream_lines_grow=0, stream_line_grow=not stores,
        stream_lines=0 if kind in ("pass", "store") else rng.choice([1, rng.randint(2, 65535)]),
        stream_grow_shift=shift, stream_index_stride=rng.choice([1, 2, rng.randint(1, 255)]), stream_index=Index.NONE,
        packed=0, rows_grow=kind == "scores", vectors_grow=kind == "values",
        length_grow=kind in ("scales", "pass"), store_base=0, expand=0,
        sink=rng.choice([Sink.STORE, Sink.MEMORY] if stores else [Sink.NONE, Sink.SCRATCHPAD, Sink.COLUMN]))


def _expected(i, index, stores, **registers):
    """The line blocks (none without a stream) and the work of an instruction.

    What stores nothing has no address for it; the multiplier that would compute it counts the words of a piece.
    """
    e = extent(i, **registers)
    blocks = [{"address": first, "beats": beats, "more": piece < len(e.pieces), "lines": e.lines, "stride": e.stride,
               "wait": i.wait, "stores": stores % 256, "index": index}
              for piece, (first, beats) in enumerate(e.pieces, 1)]
    dot = {name: getattr(i, name, None) for name, _ in DotCommand}
    dot |= {"vectors": e.vectors, "rows": e.rows, "offset": e.offset}
    vector = {name: getattr(i, name, None) for name, _ in VectorCommand}
    vector |= {"length": e.length, "destination": i.destination + e.skip & 0xF_FFFF, "hidden": e.hidden.stop}
    work = {"opcode": i.opcode, "overlap": i.overlap, "streams": e.lines != 0, "score": i.rows_grow,
            "mix": i.vectors_grow, "dot": dot, "vector": vector,
            "destination_stride": i.destination_stride,
            "store": {"base": e.pieces[-1][1] if i.window and e.lines else e.store_address, "stride": i.store_stride,
                      "code_bits": i.code_bits, "elements": i.sink == Sink.MEMORY, "scale_address": e.scale_address}}
    return blocks if e.lines else [], work


def _bits(instruction):
    return int.from_bytes(encode(instruction), "little")


def _run(rng, instructions, bus_bits, **registers):
    """Without stalls and with stalls on all sides, so that either part of an instruction may be taken first."""
    blocks, works, stores = [], [], 0
    for index, instruction in enumerate(instructions):
        more, work = _expected(instruction, index, stores, bus_bytes=bus_bits // 8, **registers)
        blocks += more
        works.append(work)
        stores += instruction.sink in (Sink.STORE, Sink.MEMORY)
    assert len(blocks) > len(instructions) // 2 and stores > len(instructions) // 10
    for stall in (0.0, {"instruction": 0.2, "block": 0.6, "work": 0.6}):
        run_stream_test(Resolver(bus_bits=bus_bits), inputs={"instruction": [_bits(i) for i in instructions]},
                        outputs={"block": blocks, "work": works}, settings=registers, seeds=[rng.getrandbits(16)],
                        stall=stall, deadline=40000)
    return blocks


@pytest.mark.parametrize("bus_bits", [32, 64, 128, 256])
@pytest.mark.parametrize("token,position", [
    (0, 0), (1, 31), (31999, 32), (17, 1023), (127999, 16383), (0xFFFF_FFFF, 65504)])
def test_resolver(bus_bits, token, position):
    rng = random.Random(f"{bus_bits} {position}")
    _run(rng, [_random_instruction(rng, 32) for _ in range(_INSTRUCTIONS)], bus_bits, token=token, position=position)


@pytest.mark.parametrize("position", [0, 31, 95, 127, 200, 511, 600, 1023, 4095, 16383, 65504])
def test_windows(position):
    """Of every kind, among others without; lines have up to three pieces."""
    rng = random.Random(position)
    instructions = [_windowed(rng, 32, position) if rng.random() < 0.8 else _random_instruction(rng, 32)
                    for _ in range(_INSTRUCTIONS // 2)]
    blocks = _run(rng, instructions, 64, token=5, position=position)
    if position > 200:
        several = [block["index"] for block in blocks if block["more"]]
        assert len(several) > 5


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
def test_cycles(instruction, token, cycles, position=0):
    """From one instruction to the next when nobody stalls: five, and one for each bit of the index beyond the first."""
    dut, taken = Resolver(bus_bits=64), []

    async def testbench(ctx):
        ctx.set(dut.token, token)
        ctx.set(dut.position, position)
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
    run_with_deadline(simulator, 300)
    assert taken == [cycles, 2 * cycles, 3 * cycles, 4 * cycles]


@pytest.mark.parametrize("fields,position,cycles", [
    ({"opcode": Opcode.DOT, "rows_grow": 1, "stream_lines": 1, "stream_lines_grow": 1, "sinks": 4}, 4095, 22),
    ({"length_grow": 1, "window": 512}, 4095, 22),
    ({"length_grow": 1, "window": 512, "stream_lines": 1, "stream_line_grow": 1}, 511, 26),
    ({"length_grow": 1, "window": 512, "stream_lines": 1, "stream_line_grow": 1}, 4095, 34),
    ({"length_grow": 1, "window": 512, "sinks": 4, "stream_lines": 1, "stream_line_grow": 1}, 4095, 42),
    # Places 320 to 543 and 0 to 287, that is 7 and 9 vectors: 4 bits each of 10 and 9, 3 and 4 of those that begin.
    ({"opcode": Opcode.DOT, "vectors_grow": 1, "window": 512, "stream_lines": 64, "stream_line_grow": 1,
      "stream_grow_shift": 5, "stream_index_stride": 4}, 4095, 40)])
def test_cycles_of_windows(fields, position, cycles):
    """17 more, then 4 for the first piece and 8 for each other one."""
    test_cycles(Instruction(**{"opcode": Opcode.VECTOR} | fields), 0, cycles, position)
