# amaranth: UnusedElaboratable=no
"""The whole of the PYNQ-Z1's logic: pins, part, clock, ports of the processors."""

import re

import pytest

from boards.pynq_z1 import PynqZ1, PynqZ1Platform
from gateware.config import CONFIGS


@pytest.fixture(scope="module")
def files():
    files = PynqZ1Platform().prepare(PynqZ1(CONFIGS["micro"]), "top", emit_src=False).files
    return {name: text if isinstance(text, str) else text.decode() for name, text in files.items()}


def test_pins_part_and_clock(files):
    sites = re.findall(r'set_property LOC (\w+) \[get_ports "([^"]*)"\]', files["top.xdc"])
    assert sites == [(site, f"led_{number}__io") for number, site in enumerate(("R14", "P14", "N16", "M14"))]
    assert files["top.xdc"].count('set_property IOSTANDARD "LVCMOS33"') == 4
    assert re.findall(r"create_clock .*", files["top.xdc"]) == [
        'create_clock -name clk -period 6.666666666666667 [get_nets "ps7/clk"]']
    assert "create_project -force -name top -part xc7z020clg400-1\nadd_files top.v\n" in files["top.tcl"]


def test_ports_of_the_processors(files):
    cells = re.findall(r"(?m)^\s*cell \\(\S+)", files["top.il"])
    assert cells.count("PS7") == 1 and cells.count("BUFG") == 1 and "DSP48E1" in cells
    ps7 = re.search(r"(?ms)^  cell \\PS7 .*?^  end$", files["top.il"]).group()
    ports = dict(re.findall(r"(?m)^    connect \\(\w+) (.*)$", ps7))
    for port in ("SAXIHP0AR", "SAXIHP0AW", "SAXIHP1AR"):
        # Increment, 8 bytes a beat, bufferable and modifiable; the length is as wide as that of AXI3.
        assert (ports[f"{port}BURST"], ports[f"{port}SIZE"], ports[f"{port}CACHE"]) == ("2'01", "2'11", "4'0011")
        assert ports[f"{port}ID"] == "6'000000" and re.fullmatch(r"\S+ \[35:32\]", ports[f"{port}LEN"])
        assert re.fullmatch(r"\S+ \[31:0\]", ports[f"{port}ADDR"])
    assert [ports[f"SAXIHP1{name}"] for name in ("AWVALID", "WVALID", "BREADY")] == ["1'0"] * 3
    clocks = {ports[f"{port}ACLK"] for port in ("MAXIGP0", "SAXIHP0", "SAXIHP1")}
    assert len(clocks) == 1


@pytest.mark.parametrize("base, shown", [(0, "0x0"), (0x0800_0800, "0x8000800"), (0x2000_0000, "0x20000000")])
def test_bad_base(base, shown):
    with pytest.raises(ValueError) as error:
        PynqZ1(CONFIGS["micro"], base=base)
    assert str(error.value) == f"Base address must be a multiple of 4096 of 0x100000..0x1ffff000, not {shown}"
