"""The whole of the Arty A7-100T: pins, clocks, primitives, part."""

import re

import pytest

from boards.arty_a7 import ArtyA7, ArtyA7Platform
from gateware.config import CONFIGS

DDR3 = {"a": 14, "ba": 3, "dq": 16, "dm": 2} | dict.fromkeys(("clk_en", "odt", "ras", "cas", "we", "cs", "rst"), 1)
PAIRS = {"dqs": 2, "clk": 1}


@pytest.fixture(scope="module")
def files():
    files = ArtyA7Platform().prepare(ArtyA7(CONFIGS["micro"]), "top", emit_src=False).files
    return {name: text if isinstance(text, str) else text.decode() for name, text in files.items()}


def test_every_pin_has_its_place(files):
    sites = dict((port.replace("\\", ""), site) for site, port in re.findall(
        r'set_property LOC (\w+) \[get_ports "([^"]*)"\]', files["top.xdc"]))
    for name, count in DDR3.items():
        assert sum(re.match(rf"ddr3_0__{name}__io(\[|$)", pin) is not None for pin in sites) == count, name
    for name, count in PAIRS.items():
        for half in "pn":
            assert sum(re.match(rf"ddr3_0__{name}__{half}(\[|$)", pin) is not None for pin in sites) == count, name
    assert sites["clk100_0__io"] == "E3" and sites["ddr3_0__clk__p"] == "U9" and sites["ddr3_0__dq__io[15]"] == "R3"
    assert sites["uart_0__rx__io"] == "A9" and sites["uart_0__tx__io"] == "D10"
    assert [sites[f"led_{number}__io"] for number in range(4)] == ["H5", "J5", "T9", "T10"]
    assert len(set(sites.values())) == len(sites) == sum(DDR3.values()) + 2 * sum(PAIRS.values()) + 1 + 2 + 4
    assert 'create_clock -name clk100_0__io -period 10.0 [get_nets "clk100_0__io"]' in files["top.xdc"]
    assert "set_property INTERNAL_VREF 0.675 [get_iobanks 34]" in files["top.xdc"]


def test_the_script_has_the_part_and_the_sources(files):
    script = files["top.tcl"]
    assert "create_project -force -name top -part xc7a100tcsg324-1\n" in script
    assert 'add_files "dram_arty_a7.v"\nadd_files top.v\nread_xdc top.xdc\n' in script
    assert "write_bitstream -force -bin_file top.bit" in script
    assert '"$VIVADO" -mode batch' in files["build_top.sh"]


def test_primitives(files):
    cells = re.findall(r"(?m)^\s*cell \\(\S+)", files["top.il"])
    expected = {"PLLE2_ADV": 1, "BUFG": 4, "IDELAYCTRL": 1, "IBUF": 2, "dram_arty_a7": 1,
                "OBUFT": sum(DDR3.values()) - 16 + 1 + 4}
    assert {kind: cells.count(kind) for kind in expected} == expected and "DSP48E1" in cells
    verilog = files["dram_arty_a7.v"]
    counts = {kind: len(re.findall(rf"(?m)^{kind} ", verilog)) for kind in (
        "IOBUF", "IOBUFDS", "OBUFDS", "ISERDESE2", "IDELAYE2")}
    assert counts == {"IOBUF": 16, "IOBUFDS": 2, "OBUFDS": 1, "ISERDESE2": 16, "IDELAYE2": 16}
    # Of the pair of the clock each half is only driven, of those of the strobes each half is read as well.
    directions = re.findall(r"wire width \d+ (output|inout) \d+ +\\ddr3_0__((?:clk|dqs)__[pn])\n", files["top.il"])
    assert {name: kind for kind, name in directions} == {
        "clk__p": "output", "clk__n": "output", "dqs__p": "inout", "dqs__n": "inout"}
