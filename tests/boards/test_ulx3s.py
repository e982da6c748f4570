# amaranth: UnusedElaboratable=no
"""The whole of the ULX3S: pins, clocks, primitives."""

from dataclasses import replace
import re

import pytest

from boards.ulx3s import Ulx3s, Ulx3sPlatform
from gateware.config import CONFIGS
from boards.memories import MEMORIES


@pytest.fixture(scope="module")
def files():
    files = Ulx3sPlatform().prepare(Ulx3s(CONFIGS["micro"]), "top", emit_src=False).files
    return {name: text if isinstance(text, str) else text.decode() for name, text in files.items()}


def test_every_pin_has_its_place(files):
    sites = dict(re.findall(r'LOCATE COMP "([^"]*)" SITE "([^"]*)"', files["top.lpf"]))
    counts = {"a": 13, "ba": 2, "dq": 16, "dqm": 2} | dict.fromkeys(("clk", "clk_en", "cs", "ras", "cas", "we"), 1)
    for name, count in counts.items():
        assert sum(re.match(rf"sdram_0__{name}__io(\[|$)", pin) is not None for pin in sites) == count, name
    assert sites["sdram_0__clk__io"] == "F19" and sites["clk25_0__io"] == "G2"
    assert sites["uart_0__rx__io"] == "M1" and sites["uart_0__tx__io"] == "L4"
    assert sum(pin.startswith("led_") for pin in sites) == 8
    assert len(set(sites.values())) == len(sites) == 39 + 1 + 2 + 8
    assert re.findall(r'FREQUENCY PORT "(\w+)" ([\d.]+) HZ', files["top.lpf"]) == [("clk25_0__io", "25000000.0")]


def test_registers_lie_at_the_pins(files):
    cells = [line.split()[1].removeprefix("\\") for line in files["top.il"].splitlines()
             if line.strip().startswith("cell ")]
    counted = {kind: cells.count(kind) for kind in ("EHXPLLL", "ODDRX1F", "IFS1P3DX", "BB", "dram_ulx3s")}
    assert counted == {"EHXPLLL": 1, "ODDRX1F": 1, "IFS1P3DX": 16, "BB": 16, "dram_ulx3s": 1}
    # Of data 16 and their enables; of commands, addresses and masks 22, each with an enable; the clock has an enable.
    assert cells.count("OFS1P3DX") == 2 * 16 + 2 * 22 + 1
    assert "MULT18X18D" in cells and "dram_ulx3s.v" in files


def test_a_clock_must_fit_the_link():
    memory = replace(MEMORIES["ulx3s"], clock_hz=40e6)
    with pytest.raises(ValueError, match=r"^Clock must be a multiple of 3 MHz, within 1.5%, not 40 MHz$"):
        Ulx3s(CONFIGS["micro"], memory=memory)
