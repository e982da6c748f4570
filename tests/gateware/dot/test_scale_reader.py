"""Scales of steps, against the functions that unpack them, while those of the next row come in."""

import numpy as np
import pytest

from gateware.dot.scale_reader import ScaleReader
from gateware.exact.dot import headroom_bits, unpack_fp16, unpack_power, unpack_ue4m3
from gateware.isa import CodeKind, Scale
from gateware.shapes.dot_shape import DotShape
from testing.cycles import run_cycles

VECTORS = 24  # the most of a row here


class Command:
    """Rows of scales, and what each step must get of them."""

    def __init__(self, rng, sides, minimums):
        self.sides = sides
        self.scale = Scale(int(rng.integers(0, 4)))
        self.minimum = int(minimums and self.scale == Scale.FP16 and rng.integers(0, 2))
        self.halves = 2 if self.scale == Scale.UE4M3 else 1
        self.shift = 0 if self.halves > 1 else int(rng.integers(0, 4))
        self.vectors = int(rng.integers(1, (VECTORS >> self.shift) + 1)) << self.shift
        entries = self.vectors * self.halves >> self.shift
        rows = int(rng.integers(1, 7))
        sub_bits, sub_signed = (int(rng.choice([0, 4, 6, 8])) if self.shift == 3 else 0), int(rng.integers(0, 2))
        kind = CodeKind(int(rng.integers(0, 3)))
        code_bits = 4 if kind == CodeKind.TABLE else int(rng.integers(2, 6 if sub_bits else 16))
        expand = int(rng.integers(0, 2))
        headroom = headroom_bits(
            code_bits=code_bits, code_kind=kind, growth=0 if expand else (self.vectors - 1).bit_length(),
            sub_bits=sub_bits, sub_signed=bool(sub_signed), minimum=bool(self.minimum))
        self.active = {"scale": self.scale, "minimum": self.minimum, "scale_shift": self.shift, "code_kind": kind,
                       "code_bits": code_bits, "sub_bits": sub_bits, "sub_signed": sub_signed, "expand": expand,
                       "headroom": headroom}
        self.last_byte = entries * {
            Scale.NONE: 1, Scale.POWER: 1, Scale.UE4M3: 1, Scale.FP16: 4 if self.minimum else 2}[self.scale] - 1
        # How far up the accumulator takes a contribution: its lowest bit is at `headroom`, and codes and sub-scales are
        # left-aligned in 16 and 8 bits.
        code = 8 if kind == CodeKind.TABLE else code_bits + (kind == CodeKind.UNSIGNED)
        sub = sub_bits + (not sub_signed) if sub_bits else 0
        self.place = 31 - headroom + expand - code - sub
        self.minimum_place = 30 - headroom - (sub_bits or 1)
        shape = rows, entries
        # All finite fp16, subnormals and zeros included, in a range that differs from row to row.
        fp16 = [(rng.integers(0, 2, shape) << 15 | rng.integers(0, rng.integers(1, 32, (rows, 1)), shape) % 31 << 10
                 | rng.integers(0, 1024, shape)).astype(np.uint16) for _ in range(2)]
        powers = rng.integers(-128, 128, shape).astype(np.int8)
        floats = (rng.integers(0, rng.integers(1, 128, (rows, 1)), shape) % 127).astype(np.uint8)
        if self.scale == Scale.FP16:
            self.data = np.stack(fp16[:1 + self.minimum], axis=2)
            self.numbers = [unpack_fp16(part) for part in fp16[:1 + self.minimum]]
        elif self.scale == Scale.UE4M3:
            self.data = floats
            self.numbers = [unpack_ue4m3(floats)]
        else:
            self.data = powers
            self.numbers = [unpack_power(powers if self.scale == Scale.POWER else 0 * powers)]
        self.rows = rows
        self.largest = np.max([exponents.max(axis=1) for _, exponents in self.numbers], axis=0)

    def beats(self, rng, row, bus_bytes):
        """Bus words of a row; what fills up the last one must not matter."""
        if self.scale == Scale.NONE:
            return []
        raw = self.data[row].tobytes()
        raw += rng.bytes(-len(raw) % bus_bytes)
        return [int.from_bytes(raw[start:start + bus_bytes], "little") for start in range(0, len(raw), bus_bytes)]

    def expected(self, row, vector, half):
        """Mantissas, distances, minimums and their distances, each of as many vectors as there are; the exponent."""
        entries = [(vector + side) * self.halves + half >> self.shift
                   for side in range(self.sides) if vector + side < self.vectors]

        def numbers(mantissas, exponents, place):
            return ([int(mantissas[row, entry]) for entry in entries],
                    [min(int(self.largest[row] - exponents[row, entry]) + place, 63) for entry in entries])

        scales = numbers(*self.numbers[0], self.place)
        lows = numbers(*self.numbers[1], self.minimum_place) if self.minimum else ([0] * len(entries), None)
        return (*scales, *lows, int(self.largest[row]) - self.active["headroom"])


@pytest.mark.parametrize("lanes, bus_bits, minimums", [
    (4, 32, True), (8, 64, False), (16, 128, True), (32, 256, True), (64, 64, True), (64, 256, False)])
def test_steps_of_one_row_while_the_next_one_comes(lanes, bus_bits, minimums):
    """Scales as early and steps as soon behind them as the sequencers allow, and with random cycles between."""
    rng, sides, bus_bytes = np.random.default_rng([lanes, bus_bits]), 2 if lanes == 64 else 1, bus_bits // 8
    decoders = ("sub_scales", "minimums") if minimums else ("sub_scales",)
    dut = ScaleReader(dot=DotShape(lanes=lanes, scale_bytes=128, decoders=decoders), bus_bits=bus_bits)
    inputs, expected = [], {}
    for index in range(24):
        command, stall = Command(rng, sides, minimums), (0, 0.5)[index % 2]
        inputs.append({"active": command.active, "last_byte": command.last_byte, "beats.valid": 0, "step.valid": 0,
                       "row_done": 0})
        beats = [[(beat, at == len(row) - 1) for at, beat in enumerate(row)]
                 for row in (command.beats(rng, number, bus_bytes) for number in range(command.rows))]
        arrived = [None] * command.rows  # cycle of the last scale of each row
        coming = row = vector = 0
        while row < command.rows:
            cycle, inp = len(inputs), {"beats.valid": 0, "step.valid": 0, "row_done": 0}
            while coming < command.rows and not beats[coming]:
                if arrived[coming] is None:
                    arrived[coming] = cycle
                coming += 1
            if coming < min(row + 2, command.rows) and rng.random() >= stall:
                beat, last = beats[coming].pop(0)
                inp |= {"beats.valid": 1, "beats.payload": {"data": beat, "last": int(last)}}
                if last:
                    arrived[coming] = cycle
                    coming += 1
            if arrived[row] is not None and arrived[row] + 2 <= cycle and rng.random() >= stall:
                half = int(rng.integers(0, command.halves))
                inp |= {"step.valid": 1, "step.payload": {
                    "vector": vector, "position": 16 * half,
                    "second": int(sides == 2 and vector + 1 < command.vectors)}}
                expected[cycle] = command.expected(row, vector, half)
                vector += sides
                if vector >= command.vectors:
                    inp["row_done"], row, vector = 1, row + 1, 0
            inputs.append(inp)
        # The next command follows four cycles after the last step.
        inputs += [{"beats.valid": 0, "step.valid": 0, "row_done": 0}] * 3
    names = ["mantissas", "distances", "minimums", "minimum_distances", "exponent"]
    got = run_cycles(dut, inputs, names, tail=dut.latency + 1)
    for cycle, (mantissas, distances, lows, low_distances, exponent) in expected.items():
        count, late = len(mantissas), cycle + dut.latency
        assert got["mantissas"][cycle + 4][:count] == mantissas, cycle
        assert got["distances"][late][:count] == distances, cycle
        assert got["exponent"][late] == exponent, cycle
        if minimums:
            assert got["minimums"][cycle + 4] == lows + [0] * (sides - count), cycle
            if low_distances is not None:
                assert got["minimum_distances"][late][:count] == low_distances, cycle
    assert len(expected) > 300
