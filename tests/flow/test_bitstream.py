"""What becomes of a bitstream whose clock is missed, or a path between its clocks."""

import json
from zipfile import ZipFile

import pytest

from flow.bitstream import Bitstream, build_bitstream
from flow.critical_path import Step
from flow.crossings import Crossing
from flow.synthesis import Synthesis
from boards.device import DEVICES
from boards.orangecrab import OrangeCrabPlatform


@pytest.fixture
def bitstream(tmp_path):
    archive = tmp_path / "kept.zip"
    with ZipFile(archive, "w") as file:
        file.writestr("top.bit", b"bits")
        file.writestr("top.svf", b"scan")

    def with_clock(mhz, delay=4.0):
        return Bitstream(
            name="ulx3s-micro", device=DEVICES["lfe5u-85f"], seed=1, used={"luts": 8364}, clocks={"clk": (mhz, 75.0)},
            path=[Step(name="a.b", logic=1.0, routing=2.0)], crossings=[Crossing(
                launch="posedge clk", capture="posedge edge", delay=delay, allowed=5.0,
                path=[Step(name="c.d", logic=0.5, routing=delay - 0.5)])], seconds=61.0, megabytes=900.0, tools="",
            archive=archive)
    return with_clock


def test_a_bitstream_is_written(bitstream, tmp_path):
    result = bitstream(75.0)
    paths = result.write(tmp_path / "build")
    assert [path.read_bytes() for path in paths] == [b"bits", b"scan"]
    assert [path.name for path in paths] == ["ulx3s-micro.bit", "ulx3s-micro.svf"]
    text = result.to_text(paths)
    assert "LUTS      8,364 of  83,640   10.0%" in text and "MHz   75.0, wanted 75: clk" in text
    assert "clock to clock: 4.00 ns of 5.00, slack 1.00: posedge clk -> posedge edge\n" in text and "c.d" not in text
    assert str(paths[0]) in text
    assert json.loads(result.to_json(paths))["files"] == [str(path) for path in paths]


def test_a_missed_clock_leaves_no_bitstream_behind(bitstream, tmp_path):
    bitstream(80.0).write(tmp_path)
    result = bitstream(74.94)
    assert (tmp_path / "ulx3s-micro.bit").exists()
    assert result.write(tmp_path) == [] and not list(tmp_path.glob("ulx3s-micro.*"))
    assert result.to_text([]).endswith("FAILED clk: 74.9 MHz, not 75")
    assert json.loads(result.to_json([]))["failures"] == ["clk: 74.9 MHz, not 75"]


def test_a_missed_crossing_leaves_no_bitstream_behind(bitstream, tmp_path):
    result = bitstream(80.0, delay=5.01)
    failure = "posedge clk -> posedge edge: 5.01 ns, not 5.00"
    assert result.failures == [failure]
    assert result.write(tmp_path) == [] and not list(tmp_path.glob("ulx3s-micro.*"))
    text = result.to_text([])
    assert text.endswith(f"FAILED {failure}") and "  0.50  4.51  c.d\n" in text
    assert json.loads(result.to_json([]))["crossings"] == [{
        "launch": "posedge clk", "capture": "posedge edge", "delay_ns": 5.01, "allowed_ns": 5.0, "slack_ns": -0.01,
        "asynchronous": "", "path": [{"name": "c.d", "logic": 0.5, "routing": 4.51}]}]


def test_a_route_that_is_kept_is_judged_again(tmp_path, monkeypatch, bitstream):
    """All of a bitstream comes from what the cache has; nothing is run."""
    class Top:
        asynchronous = {("clk", "slow"): "two registers"}

    class Tools:
        yosys_version, nextpnr_ecp5_version, nextpnr_ecp5 = "yosys 1", "nextpnr 2", ("nextpnr",)

    archive = bitstream(80.0).archive
    path = {"from": "posedge clk", "to": "posedge slow", "path": []}
    own = {"from": "posedge clk", "to": "posedge clk", "path": []}
    with ZipFile(archive, "a") as file:
        file.writestr("report.json", json.dumps({
            "fmax": {"clk": {"achieved": 12.5, "constraint": 12.0}}, "critical_paths": [own, path]}))
        file.writestr("costs.json", json.dumps({"seconds": 7.0, "megabytes": 8.0}))
    netlist = tmp_path / "netlist.json"
    netlist.write_text(json.dumps({"modules": {"top": {
        "netnames": {"clk": {"bits": [2]}, "slow": {"bits": [3]}}, "cells": {}}}}))
    constraints = 'FREQUENCY NET "clk" 12000000 HZ;\nFREQUENCY NET "slow" 1000000 HZ;'
    monkeypatch.setattr("flow.bitstream.convert_top", lambda top, platform: ("", "", constraints))
    monkeypatch.setattr("flow.bitstream.synthesise_rtlil",
                        lambda *_, **__: Synthesis(netlist=netlist, cells={"LUT4": 5}))
    plans = []
    monkeypatch.setattr("flow.bitstream.cached_file",
                        lambda kind, suffix, build, *plan: plans.append(plan) or archive)
    result = build_bitstream(Top(), name="ulx3s-a", platform=OrangeCrabPlatform(), device=DEVICES["lfe5u-85f"], speed=6,
                             placer="heap", router="router2", seed=3, toolchain=Tools())
    assert (result.name, result.seed, result.used["luts"], result.seconds) == ("ulx3s-a", 3, 5, 7.0)
    assert result.clocks == {"clk": (12.5, 12.0)} and result.failures == []
    assert [crossing.asynchronous for crossing in result.crossings] == ["two registers"]
    # The package is that of the board, not of the device.
    assert (" --85k --package CSFBGA285 --placer-heap-timingweight 30 --speed 6 --seed 3 --timing-allow-fail "
            "--router router2 ") in " ".join(plans[0])


def test_a_clock_that_is_none_is_found_before_anything_is_placed(tmp_path, monkeypatch):
    class Top:
        asynchronous = {("clk", "other"): "two registers"}

    class NoTool:
        def __getattr__(self, name):
            raise AssertionError(f"{name} must not be needed")

    netlist = tmp_path / "netlist.json"
    netlist.write_text(json.dumps({"modules": {"top": {"netnames": {"clk": {"bits": [2]}}, "cells": {}}}}))
    monkeypatch.setattr("flow.bitstream.convert_top",
                        lambda top, platform: ("", "", 'FREQUENCY NET "clk" 12000000 HZ;'))
    monkeypatch.setattr("flow.bitstream.synthesise_rtlil", lambda *_, **__: Synthesis(netlist=netlist, cells={}))
    with pytest.raises(ValueError, match="^Clock must be a net of the design, not 'other'$"):
        build_bitstream(Top(), name="a", platform=None, device=DEVICES["lfe5u-85f"], speed=6, placer="heap",
                        router="router1", seed=1, toolchain=NoTool())
