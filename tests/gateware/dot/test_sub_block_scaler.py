"""Sums of sub-blocks times sub-scales, and sums of mantissas times sub-minimums, against Python's integers."""

import numpy as np
import pytest

from gateware.dot.sub_block_scaler import SubBlockScaler
from gateware.dot.minimum_sums import MinimumSums
from testing.cycles import run_cycles


@pytest.mark.parametrize("lanes, columns", [(4, 1), (8, 2), (16, 1), (32, 2)])
@pytest.mark.parametrize("sub_scales", [False, True])
def test_sub_block_scaler(lanes, columns, sub_scales):
    """Vectors of as many steps as the lanes need, with cycles between the steps of some."""
    rng = np.random.default_rng(lanes + sub_scales)
    dut = SubBlockScaler(lanes=lanes, columns=columns, sub_scales=sub_scales)
    sub_blocks, parts = max(lanes // 16, 1), 32 // lanes
    inputs, expected = [], {}
    for _ in range(60):
        enable = int(sub_scales and rng.integers(0, 2))
        sums, crossed = [0] * columns, int(columns > 1 and rng.random() < 0.5)
        part = 0
        while part < parts:
            # A step adds up 16 products of 16 and 18 bits at most; of codes with sub-scales the lower eight bits are
            # zero.
            limit = (1 << 36) // (parts * sub_blocks) >> (8 if enable else 0)
            values = rng.integers(1 - limit, limit, (columns, sub_blocks)) << (8 if enable else 0)
            scales = rng.integers(-128, 128, sub_blocks)
            valid = int(parts == 1 or rng.random() < 0.7)
            inputs.append({"sub_blocks": values.tolist(), "scales": scales.tolist(), "enable": enable,
                           "crossed": crossed, "first_part": int(part == 0), "valid": valid})
            if not valid:
                continue
            part += 1
            for column in range(columns):
                sums[1 - column if crossed else column] += sum((int(value) >> 8) * int(scale) if enable else int(value)
                                    for value, scale in zip(values[column], scales))
        expected[len(inputs) - 1 + dut.latency] = sums
    got = run_cycles(dut, inputs, ["sums"], tail=dut.latency + 1)["sums"]
    for cycle, sums in expected.items():
        assert got[cycle] == sums, cycle


@pytest.mark.parametrize("columns", [1, 2])
def test_minimum_sums(columns):
    rng = np.random.default_rng(columns)
    sub_blocks = rng.integers(-16 * (2**17 - 1), 16 * (2**17 - 1) + 1, (100, columns, 2))
    minimums = rng.integers(0, 64, (100, 2))
    inputs = [{"sub_blocks": pair.tolist(), "minimums": minimum.tolist()}
              for pair, minimum in zip(sub_blocks, minimums)]
    got = run_cycles(MinimumSums(columns), inputs, ["sums"], tail=MinimumSums.LATENCY)["sums"]
    assert got[MinimumSums.LATENCY:] == (sub_blocks * minimums[:, None, :]).sum(axis=2).tolist()
