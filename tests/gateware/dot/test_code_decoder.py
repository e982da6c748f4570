"""Codes and sub-scales of every step, against the codes that the words of the chunks were made of."""

import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.code_decoder import CodeDecoder
from gateware.isa import CodeKind
from gateware.shapes.dot_shape import DotShape
from host.image.cache_codes import to_elements
from host.image.formats import trit_bytes
from host.image.planes import to_planes
from testing.deadline import run_with_deadline
from testing.streams import send, unpack

PLANES = 16


def cut(rng, vectors, *, count, sides, width, **flags):
    """Chunks of some vectors, lists of words that follow each other, from beats of ``count`` words.

    ``width`` is the words of a vector but for those that have none, the fifth ones of trits.
    """
    start = PLANES - width - flags["open_top"]
    pairs = [vectors[first:first + sides] for first in range(0, len(vectors), sides)]
    words = [word for vector in vectors for word in vector]
    words += rng.integers(0, 1 << 32, -len(words) % count).tolist()
    beats = [words[first:first + count] for first in range(0, len(words), count)]
    beat, used, assembled = None, count, 0
    for index, pair in enumerate(pairs):
        need, is_last = sum(map(len, pair)), index == len(pairs) - 1
        while True:
            if used == count and (need or not is_last):
                beat, used = beats.pop(0), 0
            lacking = need - assembled
            completes, after = count - used >= lacking, used + lacking
            parts = []
            for side in range(sides):
                before = len(pair[0]) * side
                head_before = len(pairs[index + 1][0]) * side if not is_last else 0
                parts.append({"rotation": (start - used - before + assembled) % count,
                              "head_rotation": (start - after - head_before) % count,
                              "plane": max(start + assembled - before, 0)})
            yield {"words": beat, "parts": parts, "start": start, "completes": int(completes),
                   "second": int(len(pair) == 2), "row_last": int(is_last and not flags["sub"]), **flags,
                   "run": index * sides % 5 if flags["run"] else 0}
            if completes:
                break
            assembled, used = assembled + count - used, count
        used, assembled = after, 0
        if not is_last and count - used < sum(map(len, pairs[index + 1])):
            assembled, used = count - used, count
    assert not beats


class Command:
    """One row: what the decoder is told, its chunks, and what it holds one after another."""

    def __init__(self, rng, what, *, lanes, count):
        sides, numbers = 2 if lanes == 64 else 1, int(rng.integers(1, 9))
        bits = {"bytes": 8, "nibbles": 4, "paired": 4, "words": 16, "table": 4, "trits": 2, "signs": 1,
                "shared": 1}.get(what, int(rng.integers(2, 16)))
        kind = {"unsigned": CodeKind.UNSIGNED, "table": CodeKind.TABLE, "trits": CodeKind.TRITS}.get(
            what, CodeKind.SIGNED)
        self.settings = {"code_bits": bits, "kind": kind, "paired": int(what == "paired"),
                         "shared": int(what == "shared"),
                         "elements": int(what in ("bytes", "nibbles", "paired", "words"))}
        self.expands = bool(rng.random() < 0.3) and what not in ("trits", "shared")
        self.table = rng.integers(-128, 128, 16).tolist() if what == "table" else None
        low, high = {"unsigned": (0, 1 << bits), "table": (0, 16), "trits": (-1, 2)}.get(
            what, (-1 << bits - 1, 1 << bits - 1))
        halves = 2 if what == "paired" else 1
        codes = rng.integers(low, high, (halves, numbers, 32)).astype(np.int16)
        width = bits
        if what in ("signs", "shared"):
            # Of shared ones two pass as a vector of two bits; where two are side by side they are four.
            numbers = 2 * sides * int(rng.integers(1, 5)) if what == "shared" else numbers
            codes = 2 * rng.integers(0, 2, (1, numbers, 32)).astype(np.int16) - 1
            width = 2 if what == "shared" else 1
            words = np.frombuffer(to_planes(codes[0], 1).tobytes(), "<u4")
            vectors = words.reshape(-1, width).tolist()
        elif what == "trits":
            words = np.frombuffer(trit_bytes(codes).tobytes(), "<u4")
            vectors = [words[place // 5 * 8 + place % 5 * 2:][:2 * (place % 5 < 4)].tolist()
                       for place in range(numbers)]
        elif self.settings["elements"]:
            order = codes.transpose(1, 2, 0) if halves == 2 else codes
            width = bits * halves
            vectors = np.frombuffer(to_elements(order.ravel(), bits).tobytes(), "<u4").reshape(numbers, -1).tolist()
        else:
            vectors = np.frombuffer(to_planes(codes[0], bits).tobytes(), "<u4").reshape(numbers, -1).tolist()
        self.chunks, self.held = [], []
        last = int(rng.integers(0, 2))
        if what == "planes" and rng.random() < 0.7:
            sub_bits = int(rng.choice([4, 6, 8]))
            is_signed = int(sub_bits == 8 or rng.integers(0, 2))
            subs = rng.integers(0, 1 << sub_bits, (int(rng.integers(1, 4)), 32)).astype(np.int16)
            sub_vectors = np.frombuffer(to_planes(subs, sub_bits).tobytes(), "<u4").reshape(len(subs), -1).tolist()
            self.chunks += cut(rng, sub_vectors, count=count, sides=sides, width=sub_bits, sub=1, run=0,
                               open_top=1 - is_signed, command_last=last)
            aligned = (subs << (8 if is_signed else 7) - sub_bits).astype(np.uint8).view(np.int8)
            self._hold(aligned[None], sides, sub=1, row_last=0, command_last=last)
        self.chunks += cut(rng, vectors, count=count, sides=sides, width=width, sub=0, run=int(what == "trits"),
                           open_top=int(what == "unsigned"), command_last=last)
        if what == "table":
            aligned = np.array(self.table)[codes] << 8
        else:
            aligned = codes.astype(int) << 16 - bits - (what in ("unsigned", "signs", "shared"))
        if what == "shared":
            # The first column has the first of each two or four, the second one those that follow.
            aligned = aligned.reshape(-1, 2, sides, 32).transpose(1, 0, 2, 3).reshape(2, -1, 32)
        self._hold(aligned, sides, sub=0, row_last=1, command_last=last)

    def _hold(self, numbers, sides, *, sub, row_last, command_last):
        """Numbers (halves, vectors, 32), left-aligned, one or two vectors after another."""
        count = numbers.shape[1]
        for first in range(0, count, sides):
            flags = {"second": int(first + 1 < count and sides == 2), "sub": sub,
                     "row_last": int(row_last and first + sides >= count), "command_last": command_last}
            self.held.append((flags, [half[first:first + sides].ravel().tolist() for half in numbers]))


def steps(rng, command, flags, *, lanes):
    """Position, half and whether it is the last one, of the steps of what is held, some of them twice."""
    codes = 64 if lanes == 64 else 32
    if command.expands and not flags["sub"]:
        choice = [rng.randrange(64 if flags["second"] else 32) for _ in range(4)]
    else:
        choice = [position for position in range(0, codes, lanes) for _ in range(rng.choice([1, 1, 2]))]
    for index, position in enumerate(choice):
        half = rng.randrange(2) if command.settings["paired"] and not flags["sub"] else 0
        yield position, half, int(index == len(choice) - 1)


@pytest.mark.parametrize("lanes, bus_bits", [(4, 32), (8, 64), (32, 128), (16, 256), (32, 256), (64, 64), (64, 256)])
@pytest.mark.parametrize("stalls", [(0, 0), (0.4, 0.4)])
def test_codes(lanes, bus_bits, stalls):
    """Rows of all kinds, steps as soon as a vector is held or some cycles later; both columns."""
    rng = np.random.default_rng([lanes, bus_bits])
    kinds = ["planes", "unsigned", "table", "trits", "words", "bytes", "nibbles", "paired", "trits", "planes", "table",
             "signs", "shared", "planes"]
    commands = [Command(rng, what, lanes=lanes, count=bus_bits // 32) for what in kinds]
    dut, stepper = CodeDecoder(dot=DotShape(lanes=lanes, columns=2), bus_bits=bus_bits), random.Random(lanes)
    begun, cycle, expected, checked = 0, 0, {}, 0

    async def feed(ctx):
        sender = random.Random(2)
        for index, command in enumerate(commands):
            while begun <= index:
                await ctx.tick()
            await send(ctx, dut.chunks, command.chunks, sender, stalls[0])

    async def tick(ctx):
        """Check what comes out in this cycle."""
        nonlocal cycle, checked
        *_, codes, second_codes, subs = await ctx.tick().sample(
            dut.codes.as_value(), dut.second_codes.as_value(), dut.subs.as_value())
        if ("codes", cycle) in expected:
            assert [unpack(dut.codes.shape(), numbers) for numbers in (codes, second_codes)] == expected.pop(
                ("codes", cycle))
            checked += 1
        if ("subs", cycle) in expected:
            numbers = expected.pop(("subs", cycle))
            assert unpack(dut.subs.shape(), subs)[:len(numbers)] == numbers
            checked += 1
        cycle += 1

    async def step(ctx):
        nonlocal begun
        for command in commands:
            for name, value in command.settings.items():
                ctx.set(getattr(dut, name), value)
            if command.table:
                await send(ctx, dut.table, [command.table])
            begun += 1
            for flags, halves in command.held:
                while not ctx.get(dut.valid):
                    await tick(ctx)
                for position, half, last in steps(stepper, command, flags, lanes=lanes):
                    while stepper.random() < stalls[1]:
                        await tick(ctx)
                        assert ctx.get(dut.valid)
                    assert {name: ctx.get(getattr(dut, name)) for name in flags} == flags
                    expand = int(command.expands and not flags["sub"])
                    for name, value in ("position", position), ("half", half), ("done", last), ("expand", expand):
                        ctx.set(getattr(dut, name), value)
                    first = position // lanes * lanes
                    if flags["sub"]:
                        expected["subs", cycle + 2] = halves[half][first:first + lanes]
                    else:
                        columns = halves if command.settings["shared"] else 2 * [halves[half]]
                        expected["codes", cycle + 3] = [
                            [0 if expand and first + lane != position else number
                             for lane, number in enumerate(column[first:first + lanes] + [0] * lanes)][:lanes]
                            for column in columns]
                    await tick(ctx)
                    ctx.set(dut.done, 0)
            for _ in range(5):
                await tick(ctx)
                assert not ctx.get(dut.valid)
        assert not expected and checked > 30

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(step)
    run_with_deadline(simulator, 40_000)
