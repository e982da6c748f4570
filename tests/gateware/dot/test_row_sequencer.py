"""Scales and vectors of every row, put together from what comes out, against what the beats were made of."""

import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.row_sequencer import RowSequencer
from gateware.isa import CodeKind, CodeOrder, Scale
from gateware.shapes.dot_shape import DotShape
from testing.deadline import run_with_deadline
from testing.streams import receive, send

PLANES = 16


class Assembly:
    """Vectors, as a decoder assembles them from the words of chunks."""

    def __init__(self, sides):
        self.assembled = [[0] * PLANES for _ in range(sides)]

    def take(self, chunk):
        """The words of each side, lowest plane first, if the chunk completes them, else None."""
        words, complete = chunk["words"], []
        for planes, part in zip(self.assembled, chunk["parts"]):
            for plane in range(part["plane"], PLANES):
                planes[plane] = words[(plane - part["rotation"]) % len(words)]
            if chunk["completes"]:
                complete.append(planes[chunk["start"]:PLANES - chunk["open_top"]])
                planes[:] = [words[(plane - part["head_rotation"]) % len(words)] for plane in range(PLANES)]
        return complete or None


class Command:
    """A command, and for each of its rows random words: of the scales, of each vector of sub-scales and of codes."""

    def __init__(self, rng, kind, words):
        self.vectors, self.rows = int(rng.integers(1, 14)), int(rng.integers(1, 5))
        scale = Scale(int(rng.integers(0, 3)))
        self.is_trits = kind == "trits"
        code_bits, code_kind, sub_bits = int(rng.integers(2, 17)), CodeKind.SIGNED, 0
        fields = {"code_order": CodeOrder.PLANES}
        scale_bytes = self.vectors * {Scale.NONE: 0, Scale.FP16: 2, Scale.POWER: 1}[scale]
        subs = 0  # sub-scales and sub-minimums of a row
        if self.is_trits:
            code_bits, code_kind = 2, CodeKind.TRITS
        elif kind == "subs":
            supers = int(rng.integers(1, 4))
            self.vectors, scale = 8 * supers, Scale.FP16
            minimum, wide = int(rng.integers(0, 2)), int(rng.integers(0, 2))
            code_bits, sub_bits = int(rng.integers(2, 7)), int(rng.choice([4, 6, 8]))
            fields |= {"scale_shift": 3, "minimum": minimum, "sub_wide": wide, "sub_signed": int(rng.integers(0, 2))}
            scale_bytes = 2 * supers * (1 + minimum)
            subs = supers * (8 if wide else 16) * (1 + minimum)
        elif kind == "halves":
            scale, scale_bytes = Scale.UE4M3, 2 * self.vectors
        elif kind == "shared":
            # Two vectors of one bit pass as one of two.
            self.vectors, scale, code_bits = 2 * int(rng.integers(1, 5)), Scale.FP16, 2
            scale_bytes = self.vectors
            fields |= {"scale_shift": 2, "columns": 1}
        elif kind == "unsigned":
            code_bits, code_kind = int(rng.integers(2, 16)), CodeKind.UNSIGNED
        elif kind == "paired":
            code_bits, fields = 4, {"code_order": CodeOrder.ELEMENTS, "paired": 1}
        elif kind == "expand":
            self.rows, fields = 1, {"expand": 1}
        self.fields = fields | {
            "vectors": self.vectors, "rows": 3 if kind == "expand" else self.rows, "scale": scale,
            "code_bits": code_bits, "code_kind": code_kind, "sub_bits": sub_bits}
        if kind == "shared":
            self.fields |= {"vectors": 2 * self.vectors, "code_bits": 1}
        width = 8 if kind == "paired" else code_bits
        self.sub_open, self.open = 1 - fields.get("sub_signed", 0), int(code_kind == CodeKind.UNSIGNED)

        def vector(size):
            return [int(word) for word in rng.integers(0, 1 << 32, size)]

        self.data = []
        for _ in range(self.rows):
            self.data.append((
                vector(-(-scale_bytes // 4)), [vector(sub_bits) for _ in range(-(-subs // 32))],
                [vector(0 if self.is_trits and index % 5 == 4 else width) for index in range(self.vectors)]))
        self.words = words

    def beats(self, rng):
        """The beats, each part of a row padded to whole ones and bundles of trits to 8 words."""
        for scales, subs, codes in self.data:
            for part in scales, sum(subs, []), sum(codes, []):
                unit = 8 if part and self.is_trits and part is not scales else self.words
                part = part + [int(word) for word in rng.integers(0, 1 << 32, -len(part) % unit)]
                for start in range(0, len(part), self.words):
                    yield sum(word << 32 * place for place, word in enumerate(part[start:start + self.words]))


@pytest.mark.parametrize("lanes, bus_bits", [(4, 32), (8, 64), (32, 128), (16, 256), (64, 64), (64, 256)])
@pytest.mark.parametrize("stalls", [(0, 0), (0.5, 0), (0, 0.5), (0.3, 0.3)])
def test_rows(lanes, bus_bits, stalls):
    """Commands of every kind; no row begins before the last step of the row before the one before it."""
    rng, sides, words = np.random.default_rng([lanes, bus_bits]), 2 if lanes == 64 else 1, bus_bits // 32
    dut = RowSequencer(dot=DotShape(lanes=lanes, columns=2), bus_bits=bus_bits)
    kinds = ["planes", "trits", "subs", "unsigned", "paired", "expand", "subs", "trits", "planes", "halves", "shared",
             "shared", "planes"]
    commands = [Command(rng, kind, words) for kind in kinds]
    rows = [(command, row) for command in commands for row in range(command.rows)]
    begun = done = 0  # rows that have begun, rows whose last step is issued
    finished = []     # rows whose last vector is there
    scales = [[]]     # of the rows that have some; the last one is not complete

    async def feed(ctx):
        for command in commands:
            await send(ctx, dut.command, [command.fields], random.Random(1), stalls[0])
            await send(ctx, dut.beats, command.beats(rng), random.Random(2), stalls[0])

    async def watch_scales(ctx):
        async for *_, valid, beat, last in ctx.tick().sample(
                dut.scales.valid, dut.scales.p.data, dut.scales.p.last):
            if valid:
                scales[-1] += [beat >> 32 * place & 0xFFFFFFFF for place in range(words)]
                if last:
                    scales.append([])

    async def finish_rows(ctx):
        """The last step of a row comes some cycles after its last vector."""
        nonlocal done
        steps = random.Random(lanes)
        while done < len(rows):
            while len(finished) <= done or steps.random() < 0.8:
                await ctx.tick()
            ctx.set(dut.row_done, 1)
            await ctx.tick()
            ctx.set(dut.row_done, 0)
            done += 1

    async def watch_begins(ctx):
        """A row begins with the first beat or chunk of it that is taken."""
        nonlocal begun
        is_open = False
        async for *_, scale, valid, ready, completes, row_last in ctx.tick().sample(
                dut.scales.valid, dut.chunks.valid, dut.chunks.ready, dut.chunks.p.completes, dut.chunks.p.row_last):
            if not is_open and (scale or valid and ready):
                is_open, begun = True, begun + 1
                assert begun <= done + 2, f"row {begun} begins too early"
            if valid and ready and completes and row_last:
                is_open = False

    async def check(ctx):
        receiver, assembly, rows_with_scales = random.Random(3), Assembly(sides), 0
        for command, row in rows:
            expected_scales, subs, codes = command.data[row]
            for is_sub, vectors, open_top in (1, subs, command.sub_open), (0, codes, command.open):
                for first in range(0, len(vectors), sides):
                    complete = None
                    while complete is None:
                        chunk, = await receive(ctx, dut.chunks, 1, receiver, stalls[1])
                        complete = assembly.take(chunk)
                        assert chunk["sub"] == is_sub and chunk["open_top"] == open_top
                    pair = vectors[first:first + sides]
                    for got, expected in zip(complete, pair):
                        # Of the fifth vector of a bundle of trits there are no words.
                        assert got == expected or not expected, (command.fields, row, first)
                    last = first + sides >= len(vectors)
                    assert chunk["second"] == (len(pair) == 2)
                    assert chunk["row_last"] == (last and not is_sub)
                    assert chunk["command_last"] == (row == command.rows - 1)
                    if command.is_trits:
                        assert chunk["run"] == first % 5
            if expected_scales:
                beats = -(-len(expected_scales) // words)
                assert len(scales[rows_with_scales]) == beats * words
                assert scales[rows_with_scales][:len(expected_scales)] == expected_scales
                rows_with_scales += 1
            finished.append(row)
        while done < len(rows):
            await ctx.tick()
        for _ in range(20):
            *_, valid, scale = await ctx.tick().sample(dut.chunks.valid, dut.scales.valid)
            assert not valid and not scale
        assert ctx.get(dut.command.ready) and len(scales) == rows_with_scales + 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for process in feed, watch_scales, finish_rows, watch_begins:
        simulator.add_process(process)
    simulator.add_testbench(check)
    run_with_deadline(simulator, 60_000)
