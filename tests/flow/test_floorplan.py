"""Places of the dot engine's multipliers and block RAMs: order, distances, and what stays free."""

import pytest

from flow.floorplan import floorplan


def netlist(*, columns, lanes, rams, prefix="unit.dot."):
    names = [f"{prefix}array_0.multiplier_{column}_{lane}.block" for column in range(columns) for lane in range(lanes)]
    names += [f"{prefix}x_buffer.mantissas_{column}_{bank}.array.0.{index}"
              for column in range(columns) for bank in range(lanes // 4) for index in range(rams)]
    names += [f"{prefix}scaler_0.scale_0_0.lower.block", f"{prefix}x_buffer.exponents_0.array.0.0"]
    return {"cells": {name: {"attributes": {}} for name in names}}


def places(module):
    found = {}
    for name, cell in module["cells"].items():
        if "BEL" in cell["attributes"]:
            x, y, bel = cell["attributes"]["BEL"].split("/")
            found[name] = int(x[1:]), int(y[1:]), bel
    return found


@pytest.mark.parametrize("prefix", ["unit.dot.", "", "accelerator.dot."])
def test_lanes_are_in_order_and_block_ram_is_beside_them(prefix):
    module = netlist(columns=2, lanes=32, rams=2, prefix=prefix)
    assert floorplan(module) == 64 + 32
    found = places(module)
    assert len(set(found.values())) == len(found) == 96
    for column, row in ((0, 34), (1, 58)):
        lanes = [found[f"{prefix}array_0.multiplier_{column}_{lane}.block"] for lane in range(32)]
        assert lanes == sorted(lanes) and {y for _, y, _ in lanes} == {row}
        for lane, (x, _, _) in enumerate(lanes):
            ram_x, ram_y, _ = found[f"{prefix}x_buffer.mantissas_{column}_{lane // 4}.array.0.{lane % 4 // 2}"]
            assert abs(ram_x - x) <= 4 and ram_y == 46


def test_an_array_of_fewer_lanes_begins_at_the_same_place():
    wide, narrow = netlist(columns=2, lanes=32, rams=2), netlist(columns=2, lanes=16, rams=2)
    assert floorplan(wide) and floorplan(narrow) == 48
    assert places(narrow).items() <= places(wide).items()


@pytest.mark.parametrize("shape, count", [
    ({"columns": 2, "lanes": 32, "rams": 4}, 64),  # deep: block RAMs stay free
    ({"columns": 3, "lanes": 16, "rams": 2}, 0),
    ({"columns": 1, "lanes": 64, "rams": 2}, 0),
    ({"columns": 0, "lanes": 0, "rams": 0}, 0),
])
def test_what_has_no_place_stays_free(shape, count):
    module = netlist(**shape)
    assert floorplan(module) == count == len(places(module))


def test_two_engines_stay_free():
    module = netlist(columns=1, lanes=4, rams=2, prefix="a.")
    module["cells"] |= netlist(columns=1, lanes=4, rams=2, prefix="b.")["cells"]
    assert floorplan(module) == 0
