"""Sub-scales and sub-minimums of every vector, against the order in which a super-block lists them."""

import numpy as np
import pytest

from gateware.dot.sub_scale_table import SubScaleTable
from gateware.shapes.dot_shape import DotShape
from testing.cycles import run_cycles

VECTORS = 16  # of 32 codes, in 2 super-blocks


def listed(vector, *, wide, minimum):
    """Numbers of the pair of a vector among the sub-scales and sub-minimums of a row, and of its pair of minimums."""
    each = 8 if wide else 16
    first = vector // 8 * each * (2 if minimum else 1)
    pair = [first + vector % 8] * 2 if wide else [first + 2 * (vector % 8), first + 2 * (vector % 8) + 1]
    return pair, [number + each for number in pair]


@pytest.mark.parametrize("lanes", [4, 8, 16, 32, 64])
@pytest.mark.parametrize("minimums", [False, True])
def test_every_layout(lanes, minimums):
    """Rows one after another, whose sub-scales are written while those of the row before are still read."""
    rng = np.random.default_rng(lanes)
    dut = SubScaleTable(dot=DotShape(lanes=lanes, x_elements=32 * VECTORS,
                                     decoders=("sub_scales", "minimums") if minimums else ("sub_scales",)))
    sides = 2 if lanes == 64 else 1
    inputs, expected, table = [], {}, np.zeros(64, int)

    def step():
        """A step, and what it must read of the table as it is; or none."""
        vector = int(rng.integers(0, VECTORS // sides)) * sides
        valid = int(rng.random() < 0.8)
        if valid:
            pairs = [listed(vector + side, wide=wide, minimum=minimum) for side in range(sides)]
            scales = [int(table[number]) for pair, _ in pairs for number in pair] if sub_bits else None
            lows = [int(table[number]) >> 1 & 63 if sub_bits else 32 for _, pair in pairs for number in pair] \
                if minimum else None
            expected[len(inputs)] = scales, lows
        return {"step.valid": valid, "step.payload": {"vector": vector}}

    for _ in range(24):
        sub_bits, wide = int(rng.choice([0, 4, 6, 8])), int(rng.integers(0, 2))
        minimum = int(minimums and rng.integers(0, 2))
        for word in range(64 // lanes if sub_bits else 0):
            numbers = rng.integers(-128, 128, lanes)
            inputs.append({"active": {"sub_bits": sub_bits, "sub_wide": wide, "minimum": minimum}, "write_enable": 1,
                           "write_word": word, "write_data": numbers.tolist(), "step.valid": 0})
            table[word * lanes:(word + 1) * lanes] = numbers
            while rng.random() < 0.3:
                inputs.append({"write_enable": 0, "step.valid": 0})
        for index in range(20):
            inputs.append({"active": {"sub_bits": sub_bits, "sub_wide": wide, "minimum": minimum}, "write_enable": 0,
                           **step()})
        # What follows the last step overwrites what it reads.
        if sub_bits:
            word = int(rng.integers(0, 64 // lanes))
            numbers = rng.integers(-128, 128, lanes)
            inputs.append({"write_enable": 1, "write_word": word, "write_data": numbers.tolist(), "step.valid": 0})
            table[word * lanes:(word + 1) * lanes] = numbers
            inputs.append({"write_enable": 0, **step()})
        # Another command waits until the last steps have read theirs.
        inputs += [{"write_enable": 0, "step.valid": 0}] * 4
    got = run_cycles(dut, inputs, ["scales", "minimums"], tail=dut.LATENCY)
    for cycle, (scales, lows) in expected.items():
        if scales:
            assert got["scales"][cycle + dut.LATENCY] == scales, cycle
        if lows:
            assert got["minimums"][cycle + dut.LATENCY] == lows, cycle
    assert len(expected) > 300
