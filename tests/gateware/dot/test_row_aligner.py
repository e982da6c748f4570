"""Packed rows come out with every part on a beat of its own; others pass as they are."""

import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.part_counter import PartCounter
from gateware.dot.row_aligner import RowAligner
from gateware.isa import Scale
from testing.deadline import run_with_deadline
from testing.streams import receive, send


def in_beats(words, count):
    """Words as beats of ``count``; None fills up the last one."""
    words = words + [None] * (-len(words) % count)
    return [words[start:start + count] for start in range(0, len(words), count)]


def as_beat(words, filler):
    return sum((filler if word is None else word) << 32 * place for place, word in enumerate(words))


def draw_command(rng, packed):
    """A command, lengths of the parts of its rows in words."""
    vectors, bits = int(rng.integers(1, 20)), int(rng.integers(2, 17))
    sub_bits, last_sub = int(rng.choice([0, 4, 6, 8])), int(rng.integers(0, 4))
    scale = int(rng.choice([Scale.NONE, Scale.FP16, Scale.POWER]))
    scale_bytes = int(rng.integers(1, 80))
    parts = [-(-scale_bytes // 4) * (scale != Scale.NONE), (last_sub + 1) * sub_bits, vectors * bits]
    fields = {"packed": packed, "rows": int(rng.integers(1, 7)), "vectors": vectors, "code_bits": bits,
              "scale": scale, "sub_bits": sub_bits}
    return fields, scale_bytes - 1, last_sub, parts


@pytest.mark.parametrize("bus_bits", [32, 64, 128, 256])
@pytest.mark.parametrize("stalls", [(0, 0), (0.5, 0), (0, 0.5), (0.4, 0.4)])
def test_commands_one_after_another(bus_bits, stalls):
    rng, words = np.random.default_rng(bus_bits), bus_bits // 32
    dut = RowAligner(bus_bits=bus_bits)
    plan = []
    for index, packed in enumerate(rng.integers(0, 4, 14) > 0):
        fields, last_scale_byte, last_sub, parts = draw_command(rng, int(packed))
        # Some packed commands begin within a bus word; what follows them must not.
        offset = int(rng.integers(0, words)) if packed and index % 2 else 0
        fields["offset"] = offset
        rows = [[rng.integers(0, 1 << 32, size).tolist() for size in parts] for _ in range(fields["rows"])]
        aligned = [beat for row in rows for part in row for beat in in_beats(part, words)]
        stream = aligned if not packed else in_beats(
            [0xBAD] * offset + [word for row in rows for part in row for word in part], words)
        plan.append((fields, last_scale_byte, last_sub, stream, aligned))
    sender, receiver = random.Random(1), random.Random(2)

    async def testbench(ctx):
        for fields, last_scale_byte, last_sub, stream, aligned in plan:
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.active, fields)
            ctx.set(dut.last_scale_byte, last_scale_byte)
            ctx.set(dut.last_sub, last_sub)
            started.append(stream)
            got = await receive(ctx, dut.aligned, len(aligned), receiver, stalls[1])
            for index, (beat, expected) in enumerate(zip(got, aligned)):
                mask = as_beat([0 if word is None else 0xFFFFFFFF for word in expected], 0)
                assert beat & mask == as_beat(expected, 0), f"beat {index} of {fields}"
            for _ in range(12):
                *_, valid = await ctx.tick().sample(dut.aligned.valid)
                assert not valid, f"a beat too many of {fields}"

    async def feed(ctx):
        for index in range(len(plan)):
            while len(started) <= index:
                await ctx.tick()
            await send(ctx, dut.beats, [as_beat(words, 0xA5A5A5A5) for words in started[index]], sender, stalls[0])

    started = []
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 40_000)


@pytest.mark.parametrize("bus_bits", [64, 256])
def test_a_beat_per_cycle(bus_bits):
    """Long packed rows come out without a gap."""
    dut, words = RowAligner(bus_bits=bus_bits), bus_bits // 32
    rows, vectors = 5, 37
    length = 9 + 7 * vectors
    beats = rows * (-(-9 // words) + -(-7 * vectors // words))

    async def feed(ctx):
        await send(ctx, dut.beats, list(range(-(-rows * length // words))))

    async def testbench(ctx):
        ctx.set(dut.aligned.ready, 1)
        ctx.set(dut.active, {"packed": 1, "rows": rows, "vectors": vectors, "code_bits": 7, "scale": Scale.FP16})
        ctx.set(dut.last_scale_byte, 35)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        cycles = []
        for cycle in range(2 * beats):
            *_, valid = await ctx.tick().sample(dut.aligned.valid)
            cycles += [cycle] if valid else []
        assert cycles == list(range(cycles[0], cycles[0] + beats))
        assert cycles[0] == PartCounter.LENGTH_CYCLES + 4

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 4000)
