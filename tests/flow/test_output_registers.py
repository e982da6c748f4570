"""Which flip-flops become output registers of a DP16KD."""

import pytest

from flow.output_registers import merge_output_registers


def netlist(*, width=18, **changes):
    """A block RAM of two bits behind which two flip-flops are; ``changes`` are those of the second one."""
    register = {"clock": 2, "enable": "1 ", "reset": "0", "set": "RESET", "reader": None} | changes
    cells = {"ram": {
        "type": "DP16KD",
        "parameters": {"DATA_WIDTH_B": f"{width:032b}", "REGMODE_A": "NOREG", "REGMODE_B": "NOREG"},
        "port_directions": {"CLKB": "input", "OCEA": "input", "OCEB": "input", "DOB0": "output", "DOB1": "output",
                            "DOB2": "output"},
        "connections": {"CLKB": [2], "OCEA": ["0"], "OCEB": ["0"], "DOB0": [3], "DOB1": [4], "DOB2": [9]}}}
    for bit, options in enumerate((register | {"clock": 2, "enable": "1 ", "reset": "0", "set": "RESET"}, register)):
        cells[f"register_{bit}"] = {
            "type": "TRELLIS_FF",
            "parameters": {"CEMUX": options["enable"], "CLKMUX": "CLK", "REGSET": options["set"]},
            "port_directions": {"CLK": "input", "LSR": "input", "DI": "input", "Q": "output"},
            "connections": {"CLK": [options["clock"]], "LSR": [options["reset"]], "DI": [3 + bit], "Q": [5 + bit]}}
    ports = {"clk": {"direction": "input", "bits": [2]}, "o": {"direction": "output", "bits": [5, 6]}}
    if register["reader"]:
        ports["p"] = {"direction": "output", "bits": [register["reader"]]}
    return {"cells": cells, "ports": ports}


@pytest.mark.parametrize("width", [18, 36])
def test_flip_flops_become_output_registers(width):
    module = netlist(width=width)
    assert merge_output_registers(module) == 2
    (ram,) = module["cells"].values()
    assert (ram["connections"]["DOB0"], ram["connections"]["DOB1"]) == ([5], [6])
    assert ram["connections"]["OCEB"] == ["1"] and ram["parameters"]["REGMODE_B"] == "OUTREG"
    assert ram["parameters"]["REGMODE_A"] == ("OUTREG" if width == 36 else "NOREG")


@pytest.mark.parametrize("change", [
    {"clock": 7}, {"enable": "CE"}, {"reset": 8}, {"set": "SET"}, {"reader": 4}])
def test_a_single_other_use_of_a_bit_keeps_them_all(change):
    module = netlist(**change)
    assert merge_output_registers(module) == 0
    assert module == netlist(**change)
