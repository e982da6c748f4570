"""Addresses of LUT RAMs that are smaller than the cell."""

import random

import pytest

from flow.ram_addresses import localise_addresses


def ram(read, write, init="x" * 32 + "0" * 32):
    return {"type": "TRELLIS_DPR16X4", "parameters": {"INITVAL": init},
            "connections": {"RAD": read, "WAD": write, "DI": ["0"] * 4, "WRE": ["0"]}}


@pytest.mark.parametrize("read, write", [
    ([10, 11, 12, "0"], [20, 21, 22, "0"]),
    ([10, 11, "0", "0"], [20, 21, "0", "0"]),
    (["0", "0", "0", 10], ["0", "0", "0", 20]),
    (["0", 10, "1", 11], ["0", 20, "1", 21]),
])
def test_zeros_follow_a_wire_and_the_memory_stays_the_same(read, write):
    cell = ram(read, write)
    assert localise_addresses({"cells": {"ram": cell}}) == 1
    new_read, new_write = cell["connections"]["RAD"], cell["connections"]["WAD"]
    assert "0" not in new_read + new_write and set(new_read) <= set(read) and set(new_write) <= set(write)
    assert cell["parameters"]["INITVAL"] == "0" * 64

    rng, before, after = random.Random(1), [0] * 16, [0] * 16
    wires = [bit for bit in read + write if isinstance(bit, int)]
    for step in range(500):
        values = {"0": 0, "1": 1} | {wire: rng.getrandbits(1) for wire in wires}
        before[word(write, values)] = after[word(new_write, values)] = step
        assert before[word(read, values)] == after[word(new_read, values)]


def word(address, values):
    return sum(values[bit] << index for index, bit in enumerate(address))


@pytest.mark.parametrize("cell", [
    ram([10, 11, 12, 13], [20, 21, 22, 23]),
    ram(["0"] * 4, ["0"] * 4),
    ram([10, 11, 12, "0"], [20, 21, 22, 23]),        # never read where it is written
    ram([10, 11, 12, "0"], [20, 21, 22, "0"], init="0" * 63 + "1"),
    {"type": "TRELLIS_FF", "parameters": {}, "connections": {}},
])
def test_others_stay(cell):
    connections = {port: list(bits) for port, bits in cell["connections"].items()}
    assert localise_addresses({"cells": {"cell": cell}}) == 0
    assert cell["connections"] == connections
