"""`celosia verilog`: what other people's tools make of it."""

import re

import pytest

from host.paths import demo_model
from flow.toolchain import Toolchain


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
    assert "// Configuration micro: lanes 4, columns 1, slots 2, bus_bits 64, " in text
    # What a simulation watches has no pins, and no file of this machine is named.
    top = text[text.index("module celosia("):].partition("endmodule")[0]
    assert re.search(r"^  output read_request__valid;", top, re.MULTILINE)
    assert not re.search(r"^  output .*trace_", top, re.MULTILINE)
    assert str(demo_model().parents[1]) not in text

    status, out, err = celosia("verilog", "--config", "micro")
    assert (status, out, err) == (0, path.read_bytes(), "")


def test_unknown_configuration(refused, tmp_path):
    path = tmp_path / "celosia.v"
    assert refused("verilog", "--config", "arty", "-o", path).startswith("configuration must be one of sim, ")
    assert not path.exists()
