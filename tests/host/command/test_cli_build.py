"""`celosia build`: one small unit through all the tools, and what is refused."""

import json
from zipfile import ZipFile

import pytest

from boards.device import DEVICES
from flow.bitstream import Bitstream
from flow.crossings import Crossing


def test_a_unit_is_placed_and_routed(celosia, tmp_path):
    status, out, _ = celosia("build", "dma", "--device", "lfe5u-12f", "--config", "micro", "--mhz", "60",
                             "--seeds", "2", "--jobs", "2", "--json", tmp_path / "dma.json")
    report = json.loads((tmp_path / "dma.json").read_text())
    assert status == 0 and b"wanted 60" in out
    assert report["mhz"]["min"] >= 60 and report["failures"] == []
    assert list(report["seeds"]) == ["1", "2"] and report["seeds"]["1"] != report["seeds"]["2"]
    assert 100 < report["used"]["luts"] < 2000 and report["used"]["dsps"] == 0
    assert any(step["name"] and "_LUT4" not in step["name"] for step in report["critical_path"])


def test_a_unit_is_synthesised_for_the_7_series(celosia):
    status, out, _ = celosia("build", "dma", "--device", "xc7a35t", "--config", "micro", "--synth-only")
    assert status == 0 and b"LUTS" in out and b"MHz" not in out


@pytest.mark.parametrize("board, part, warning", [
    ("pynq_z1", "xc7z020clg400-1", ""),
    ("arty_a7", "xc7a100tcsg324-1", "celosia: nothing in this design trains the DRAM of arty_a7: "
                                    "its bitstream is good for counts and clocks, not for a board\n"),
])
def test_a_project_is_written(celosia, tmp_path, board, part, warning):
    status, out, err = celosia("build", board, "--config", "micro", "--project", tmp_path / "vivado")
    assert status == 0 and f"{tmp_path}/vivado/top.tcl\n".encode() in out
    assert part in (tmp_path / "vivado" / "top.tcl").read_text()
    assert err.endswith(warning) and ("trains" in err) == bool(warning)


@pytest.mark.parametrize("delay, status", [(5.0, 0), (5.1, 1)])
def test_a_missed_crossing_is_a_failure(celosia, tmp_path, monkeypatch, delay, status):
    """And whether or not: nothing trains the DRAM of this board."""
    def routed(top, *, name, device, seed, **options):
        with ZipFile(tmp_path / "kept.zip", "w") as archive:
            archive.writestr("top.bit", b"bits")
            archive.writestr("top.svf", b"scan")
        crossing = Crossing(launch="posedge a", capture="posedge b", delay=delay, allowed=5.0, path=[])
        return Bitstream(name=name, device=device, seed=seed, used={}, clocks={"a": (80.0, 75.0)}, path=[], seconds=1.0,
                         crossings=[crossing], megabytes=1.0, tools="", archive=tmp_path / "kept.zip")

    monkeypatch.setattr("flow.bitstream.build_bitstream", routed)
    found, out, err = celosia("build", "ecpix5", "--config", "micro", "--output", tmp_path / "build", "--seeds", "2")
    assert found == status
    assert (b"FAILED posedge a -> posedge b: 5.10 ns, not 5.00\n" in out) == (status == 1)
    assert (b"seed 2" in out) == (status == 1)
    assert [path.name for path in sorted((tmp_path / "build").iterdir())] == (
        [] if status else ["ecpix5-micro.bit", "ecpix5-micro.svf"])
    assert err.endswith("celosia: nothing in this design trains the DRAM of ecpix5: "
                        "its bitstream is good for counts and clocks, not for a board\n")


def test_a_missing_tool_is_named(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused("build", "pynq_z1", "--project", tmp_path / "x", "--flow", "openxc7") == (
        "the flow openxc7 needs these on the PATH: nextpnr-xilinx, fasm2frames, xc7frames2bit")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("arguments, message", [
    (["foo"], "unit must be one of dot-engine, vector-unit, dma, native-reader, native-writer, result-sink, "
              "microcontroller, sd-host, accelerator, ulx3s, ecpix5, orangecrab, arty_a7, pynq_z1, not 'foo'"),
    (["dma", "--device", "x"], f"device must be one of {', '.join(DEVICES)}, not 'x'"),
    (["dma", "--device", "xc7a35t"],
     "xc7a35t can be built with --synth-only alone: nextpnr-ecp5 does not know it"),
    (["arty_a7"],
     "arty_a7 can be built with --synth-only or --project alone: nextpnr-ecp5 does not know xc7a100t"),
    (["dma", "--placer", "sa"], "placer must be one of static, heap, not 'sa'"),
    (["dma", "--speed", "5"], "speed must be one of 6, 7, 8, not 5"),
    (["dma", "--seeds", "0"], "seeds must be 1 or more, not 0"),
    (["dma", "--jobs", "0"], "jobs must be 1 or more, not 0"),
    (["dma", "--mhz", "0"], "mhz must be more than 0, not 0"),
    (["ulx3s", "--mhz", "50"], "mhz of a bitstream cannot be chosen: ulx3s has a clock of its own, not 50"),
    (["ecpix5", "--mhz", "50"], "mhz of a bitstream cannot be chosen: ecpix5 has a clock of its own, not 50"),
    (["ulx3s", "--device", "lfe5u-45f"], "device of a bitstream for ulx3s must be lfe5u-85f, not lfe5u-45f"),
    (["ulx3s", "--speed", "8"], "speed of a bitstream for ulx3s must be 6, not 8"),
    (["ulx3s", "--project", "x"], "projects can be written for arty_a7, pynq_z1, not for ulx3s"),
    (["arty_a7", "--project", "x", "--device", "xc7a35t"],
     "device of a project for arty_a7 must be xc7a100t, not xc7a35t"),
    (["arty_a7", "--project", "x", "--mhz", "50"],
     "mhz of a project cannot be chosen: arty_a7 has a clock of its own, not 50"),
    (["arty_a7", "--project", "x", "--flow", "ise"], "flow must be one of vivado, openxc7, not 'ise'"),
    (["arty_a7", "--project", "x", "--synth-only"],
     "--project is not possible with --synth-only, --json or --speed"),
    (["arty_a7", "--flow", "openxc7"], "--flow needs --project"),
])
def test_bad_input(refused, arguments, message):
    assert refused("build", *arguments) == message
