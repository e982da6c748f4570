"""Steps of every command, one by one, against loops over its vectors, halves, slots, parts and digits."""

import random

from amaranth.sim import Simulator
import pytest

from gateware.dot.step_sequencer import StepSequencer
from gateware.isa import CodeKind, Scale
from gateware.shapes.dot_shape import DotShape
from testing.deadline import run_with_deadline
from testing.streams import unpack


def draw_command(rng, dot):
    kind = rng.choice([CodeKind.SIGNED, CodeKind.UNSIGNED, CodeKind.TABLE])
    command = {"code_kind": kind, "code_bits": 4 if kind == CodeKind.TABLE else rng.randrange(2, 9),
               "columns": rng.randint(1, dot.columns * dot.slots), "rows": rng.randint(1, 4),
               "vectors": rng.randint(1, 5), "expand": 0, "paired": 0}
    what = rng.choice(["rows", "rows", "paired", "expand", "halves", "shared"])
    if what == "halves" or what == "expand" and rng.random() < 0.3:
        command |= {"scale": Scale.UE4M3}
    if what == "shared" and dot.columns > 1:
        command |= {"code_bits": 1, "code_kind": CodeKind.SIGNED, "columns": 1, "vectors": 4 * rng.randint(1, 3)}
    if what == "paired":
        command |= {"paired": 1, "code_kind": CodeKind.SIGNED, "code_bits": 4}
    if what == "expand":
        command |= {"expand": 1, "rows": 1, "columns": 1, "vectors": rng.randint(1, 3)}
    return command


def held_vectors(command, sub_vectors, sides):
    """What the decoder holds, one after another: vectors of sub-scales, then of codes, of each row."""
    for row in range(command["rows"]):
        for sub, count in (1, sub_vectors), (0, command["vectors"]):
            stride = sides * (2 if is_shared(command) and not sub else 1)
            for vector in range(0, count, stride):
                yield {"vector": vector, "sub": sub, "second": int(sides == 2 and vector + 1 < count),
                       "row_last": int(not sub and vector + stride >= count),
                       "command_last": int(row == command["rows"] - 1)}


def is_shared(command):
    return command["code_bits"] == 1


def steps_of(command, held, dot):
    """The steps of a vector; of sub-scales (number, position) of as many as the lanes take at once."""
    sides, lanes = (2, 64) if dot.lanes == 64 else (1, dot.lanes)
    if held["sub"]:
        return [position for position in range(0, 32 * sides, lanes)]
    bits = 8 if command["code_kind"] == CodeKind.TABLE else (
        max(command["code_bits"], 2) + (command["code_kind"] == CodeKind.UNSIGNED))
    common = {"vector": held["vector"], "second": held["second"], "shared": int(is_shared(command))}
    if command["expand"]:
        codes = 64 if held["second"] else 32
        return [common | {"position": code, "slot": 0, "half": 0, "first_digit": 1, "last_digit": 1, "expand": 1,
                          "first_part": 1, "complete": 1, "first": 1, "emit": 1, "columns": 0, "row_last": 1,
                          "command_last": int(held["command_last"] and held["row_last"] and code == codes - 1)}
                for code in range(codes)]
    digits = range(8 - (bits + 1) // 2, 8) if dot.array == "digits" else [None]
    used = -(-command["columns"] // dot.columns)
    steps = []
    for half in range(2 if command["paired"] else 1):
        for slot in range(used):
            halves = command.get("scale") == Scale.UE4M3
            size, end = (min(lanes, 16), 32) if halves else (lanes, 32 * sides)
            for position in range(0, end, size):
                for digit in digits:
                    last = position + size == end and digit in (None, 7)
                    half_ends = halves and (position + size) % 16 == 0 and digit in (None, 7)
                    last_slot = slot == used - 1
                    steps.append(common | {
                        "position": position, "slot": slot, "half": half,
                        "first_digit": int(digit == digits[0]), "last_digit": int(digit == digits[-1]), "expand": 0,
                        "first_part": int(position == 0 or halves and position == 16),
                        "complete": int(last or half_ends),
                        "first": int(held["vector"] == 0 and not (halves and position >= 16)),
                        "emit": int(last and held["row_last"]),
                        "columns": min(dot.columns, command["columns"] - slot * dot.columns) - 1,
                        "row_last": int(last_slot),
                        "command_last": int(last and last_slot and half == command["paired"] and held["row_last"]
                                            and held["command_last"])} | ({} if digit is None else {"digit": digit}))
    return steps


@pytest.mark.parametrize("array", ["multipliers", "digits"])
@pytest.mark.parametrize("lanes, columns, slots", [(4, 1, 1), (8, 3, 4), (32, 2, 3), (32, 1, 1), (64, 2, 2)])
def test_steps(array, lanes, columns, slots):
    """Commands of all kinds, while vectors come late and credit is missing, or neither."""
    rng, dot = random.Random(lanes + slots), DotShape(lanes=lanes, columns=columns, slots=slots, array=array)
    dut, sides = StepSequencer(dot=dot), 2 if lanes == 64 else 1

    async def tick(ctx):
        """Outputs in this cycle, before the edge."""
        step = dut.step
        _, _, valid, bits, done, row_done, sub_valid, sub_word, position = await ctx.tick().sample(
            step.valid, step.p.as_value(), dut.done, dut.row_done, dut.sub_valid, dut.sub_word, step.p.position)
        return valid, unpack(step.p.shape(), bits), done, row_done, sub_valid, sub_word, position

    async def testbench(ctx):
        for number in range(24):
            command, stall = draw_command(rng, dot), (0, 0.4)[number % 2]
            # Sub-scales are those of scales of FP16.
            sub_vectors = 0 if "scale" in command else rng.choice([0, 1, 3])
            if sub_vectors:
                command |= {"sub_bits": 6}
            ctx.set(dut.command, command)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.command, {})
            ctx.set(dut.active, command)
            ctx.set(dut.shared, is_shared(command))
            await ctx.tick()
            await ctx.tick()
            sub_word = 0
            for held in held_vectors(command, sub_vectors, sides):
                while rng.random() < stall:
                    ctx.set(dut.credit, rng.randrange(2))
                    valid, _, done, row_done, sub_valid, *_ = await tick(ctx)
                    assert not (valid or done or row_done or sub_valid)
                ctx.set(dut.valid, 1)
                for name in "second", "sub", "row_last", "command_last":
                    ctx.set(getattr(dut, name), held[name])
                steps = steps_of(command, held, dot)
                for index, expected in enumerate(steps):
                    last = index == len(steps) - 1
                    while True:
                        credit = rng.random() >= stall
                        ctx.set(dut.credit, credit)
                        valid, step, done, row_done, sub_valid, word, position = await tick(ctx)
                        if credit or held["sub"]:
                            break
                        assert not (valid or done or row_done or sub_valid)
                    assert done == last and row_done == (last and held["row_last"])
                    assert valid == (not held["sub"]) and sub_valid == held["sub"]
                    if held["sub"]:
                        assert (word, position) == (sub_word, expected)
                        sub_word += 1
                    else:
                        assert {name: step[name] for name in expected} == expected, command
                ctx.set(dut.valid, 0)
                if held["row_last"]:
                    sub_word = 0
            await ctx.tick().repeat(2)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 100_000)
