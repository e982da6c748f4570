"""Projects: what is written for Vivado, what is run with openXC7, and what is refused."""

import json
import shutil

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io
import pytest

from boards.arty_a7 import ArtyA7Platform
from flow.project import missing_tools, run_project, write_project
from boards.device import DEVICES
from flow.toolchain import Toolchain, ToolError

TOOLS = ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit")


class Blink(Elaboratable):
    """A light that goes on and off, and a source of Verilog."""

    def elaborate(self, platform):
        m = Module()
        platform.add_file("other.v", "module other; endmodule\n")
        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.clock = clock = io.Buffer("i", platform.request("clk100", dir="-"))
        m.submodules.light = light = io.Buffer("o", platform.request("rgb_led", 0, dir="-").r)
        count = Signal(24)
        m.d.comb += [ClockSignal().eq(clock.i), light.o.eq(count[-1])]
        m.d.sync += count.eq(count + 1)
        return m


def write(directory, flow):
    return write_project(Blink(), platform=ArtyA7Platform(flow), device=DEVICES["xc7a100t"], directory=directory,
                         toolchain=Toolchain())


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Function that puts tools on the PATH which tell what they were called with, or fail."""
    folder = tmp_path / "tools"
    folder.mkdir()
    # What the script needs beside them.
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def add(*names, status=0):
        for name in names:
            (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >> calls.txt\necho {name} >&2\nexit {status}\n')
            (folder / name).chmod(0o755)
    return add


def test_files_of_a_vivado_project(tmp_path):
    paths = write(tmp_path / "new" / "project", "vivado")
    assert [path.name for path in paths] == [
        "build_top.bat", "build_top.json", "build_top.sh", "other.v", "top.tcl", "top.v", "top.xdc"]
    assert all(path.read_text() for path in paths)
    first = {path.name: path.read_text() for path in paths}
    assert first["top.v"].startswith("(*") and "FDRE" not in first["top.v"] and "  IBUF buf0 (" in first["top.v"]
    assert 'set_property LOC E3 [get_ports "clk100_0__io"]' in first["top.xdc"]
    assert 'add_files "other.v"\nadd_files top.v' in first["top.tcl"]
    # The same again, wherever it is written.
    assert {path.name: path.read_text() for path in write(tmp_path / "again", "vivado")} == first


def test_openxc7_is_run(tmp_path, tools, monkeypatch):
    monkeypatch.delenv("DB_DIR", raising=False)
    monkeypatch.delenv("CHIPDB_DIR", raising=False)
    folder = tmp_path / "project"
    paths = write(folder, "openxc7")
    assert [path.name for path in paths] == [
        "build_top.bat", "build_top.json", "build_top.sh", "top.json", "top.xdc"]
    kinds = {cell["type"] for cell in json.loads((folder / "top.json").read_text())["modules"]["top"]["cells"].values()}
    assert kinds == {"BUFG", "CARRY4", "FDRE", "IBUF", "INV", "OBUFT"}
    assert (folder / "top.xdc").read_text().splitlines()[1:] == [
        "set_property PACKAGE_PIN E3 [get_ports { clk100_0__io }]",
        "set_property IOSTANDARD LVCMOS33 [get_ports { clk100_0__io }]",
        "set_property PACKAGE_PIN G6 [get_ports { rgb_led_0__r__io }]",
        "set_property IOSTANDARD LVCMOS33 [get_ports { rgb_led_0__r__io }]",
        "create_clock -period 10.0 [get_ports { clk100_0__io }]"]
    tools(*TOOLS)
    assert run_project(folder, Toolchain()) == folder / "top.bit"
    database = "/usr/share/nextpnr/prjxray-db/artix7"
    assert (folder / "calls.txt").read_text().splitlines() == [
        "nextpnr-xilinx --chipdb /usr/share/nextpnr/xilinx-chipdb/xc7a100t.bin --xdc top.xdc --json top.json "
        "--write top_routed.json --fasm top.fasm",
        f"fasm2frames --part xc7a100tcsg324-1 --db-root {database} top.fasm",
        f"xc7frames2bit --part_file {database}/xc7a100tcsg324-1/part.yaml --part_name xc7a100tcsg324-1 "
        "--frm_file top.frames --output_file top.bit"]
    tools("nextpnr-xilinx", status=3)
    with pytest.raises(ToolError, match=r"^sh build_top\.sh\nended with exit status 3:\nnextpnr-xilinx$"):
        run_project(folder, Toolchain())


def test_missing_tools_are_named(tools):
    assert shutil.which(TOOLS[0]) is None
    tools("fasm2frames")
    assert missing_tools(ArtyA7Platform("openxc7")) == ["nextpnr-xilinx", "xc7frames2bit"]
    assert missing_tools(ArtyA7Platform("vivado")) == ["vivado"]
