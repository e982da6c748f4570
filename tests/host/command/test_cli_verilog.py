"""`celosia verilog`: what other people's tools make of it."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

from flow.toolchain import Toolchain
from flow.units import UNITS
from host.paths import demo_model


@pytest.fixture(scope="module")
def toolchain():
    return Toolchain()


def test_yosys_reads_it_without_warnings(celosia, toolchain, tmp_path):
    path = tmp_path / "celosia.v"
    status, out, err = celosia("verilog", "--config", "micro", "-o", path)
    assert (status, out, err) == (0, b"", "")
    log = toolchain.run([*toolchain.yosys, "-p", "read_verilog celosia.v; hierarchy -check -top celosia; "
                         "prep -top celosia; check -assert; stat"], cwd=tmp_path)
    assert not re.search("warning", log, re.IGNORECASE)
    assert "Found and reported 0 problems." in log
    text = path.read_text()
    assert text.startswith("// Celosia, made by ")
    assert "// Configuration micro; dot: lanes 4, columns 1, slots 2, x_elements 256, " in text
    # What a simulation watches has no pins, and no file of this machine is named.
    top = text[text.index("module celosia("):].partition("endmodule")[0]
    assert re.search(r"^  output memory__read_request__valid;", top, re.MULTILINE)
    assert re.search(r"^  input control__start;", top, re.MULTILINE)
    assert not re.search(r"^  output .*trace_", top, re.MULTILINE)
    assert str(demo_model().parents[1]) not in text


@pytest.mark.parametrize("unit, port", [
    ("vector-unit", "output x__valid"),
    ("dma", "output [64:0] data__payload"),
    ("native-reader", "output [23:0] command0__payload"),
    ("native-writer", "output [15:0] mask"),
    ("result-sink", "output [31:0] argmax"),
    ("microcontroller", "output [7:0] shown__payload"),
    ("sd-host", "output card__cmd_oe"),
])
def test_a_block(celosia, toolchain, tmp_path, unit, port):
    path = tmp_path / "unit.v"
    assert celosia("verilog", unit, "--config", "micro", "-o", path) == (0, b"", "")
    top = f"celosia_{unit.replace('-', '_')}"
    log = toolchain.run([*toolchain.yosys, "-p", f"read_verilog unit.v; hierarchy -check -top {top}; proc; "
                         "check -assert"], cwd=tmp_path)
    assert not re.search("warning", log, re.IGNORECASE)
    text = path.read_text()
    assert text.startswith(f"// Celosia: {unit}, made by ")
    ports = text[text.index(f"module {top}("):].partition("endmodule")[0]
    assert f"  {port};\n" in ports and not re.search(r"^  output .*trace_", ports, re.MULTILINE)


def test_to_stdout(celosia, tmp_path):
    """The same as into a file."""
    path = tmp_path / "dma.v"
    assert celosia("verilog", "dma", "--config", "micro", "-o", path) == (0, b"", "")
    assert celosia("verilog", "dma", "--config", "micro") == (0, path.read_bytes(), "")


@pytest.mark.parametrize("arguments, config", [([], "sim"), (["dma"], "sim"), (["ulx3s"], "ulx3s")])
def test_default_configuration(celosia, monkeypatch, arguments, config):
    monkeypatch.setattr("host.command.verilog._convert", lambda unit, chosen: f"{unit} {chosen.name}")
    assert celosia("verilog", *arguments) == (0, f"{(arguments or ['accelerator'])[0]} {config}".encode(), "")


def test_through_a_pipe(toolchain):
    """A block whose x stream cannot be refused, from stdout to yosys's stdin."""
    root = Path(__file__).resolve().parents[3]
    text = subprocess.run([sys.executable, "-m", "host", "verilog", "dot-engine", "--config", "micro"],
                          cwd=root, capture_output=True, check=True).stdout
    log = subprocess.run([*toolchain.yosys, "-f", "verilog", "-p", "prep -top celosia_dot_engine; check -assert", "-"],
                         input=text, capture_output=True, check=True).stdout.decode()
    assert "Found and reported 0 problems." in log
    assert "x__ready" not in log


def test_unknown_unit(refused, tmp_path):
    path = tmp_path / "unit.v"
    assert refused("verilog", "multiplier", "-o", path) == (
        f"unit must be one of {', '.join(UNITS)}, not 'multiplier'")
    assert not path.exists()


def test_unknown_configuration(refused, tmp_path):
    path = tmp_path / "celosia.v"
    assert refused("verilog", "--config", "arty", "-o", path).startswith("configuration must be one of sim, ")
    assert not path.exists()
