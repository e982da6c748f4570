"""The figures of the documents: their places, their rows, runs that are kept."""

import json
from pathlib import Path
import re
import sys

import pytest

from boards.board import BOARDS
from gateware.config import CONFIGS
from host.bench.board import find_board
from host.bench.shape import SHAPES
from host.errors import CelosiaError
from host.pages.figure_tables import FigureTable, TABLES
from host.pages.figures import main, print_table, replace_table
from host.pages.kept_run import KeptRuns, source_hash

ROOT = Path(__file__).resolve().parents[3]

# Writes its arguments as a report, or fails as they say; and a line into the file that the environment names.
CELOSIA = """\
import json, os, sys
*arguments, option, path = sys.argv[1:]
with open(os.environ["RUNS"], "a") as runs:
    runs.write(" ".join(arguments) + "\\n")
open("build", "w").close()
if "fail" in arguments:
    sys.exit("celosia: one thing\\ncelosia: another")
assert option == "--json"
with open(path, "w") as file:
    json.dump({"arguments": arguments, "cycles_per_token": 1234.5, "config": arguments[-1], "bus_utilisation": 0.5},
              file)
sys.exit(1 if "missed" in arguments else 0)
"""


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Function (source) -> runs of the stand-in for `celosia`; and the file that says what it ran."""
    monkeypatch.setenv("CELOSIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    (tmp_path / "celosia.py").write_text(CELOSIA)
    return lambda source="one": KeptRuns(command=(sys.executable, tmp_path / "celosia.py"), source=source)


def test_every_table_has_its_place():
    places = {}
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(r"<!-- figures: (\S+) -->", path.read_text()):
            places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert places == {name: [figures.document] for name, figures in TABLES.items()}
    for name, figures in TABLES.items():
        assert "NEW" in replace_table((ROOT / figures.document).read_text(), name, "NEW")


def test_every_command_is_of_what_there_is():
    """Boards as built, configurations and shapes that are there; and all boards are in the tables."""
    commands = {name: figures.commands for name, figures in TABLES.items()}
    for command in {command for name in ("decode", "ceilings", "prefill") for command in commands[name]}:
        options = dict(zip(command[1::2], command[2::2]))
        assert command[0] == "bench" and find_board(options["--board"]).as_built and options["--shape"] in SHAPES
    assert {command[2] for command in commands["ceilings"]} == {*BOARDS}
    assert {command[1] for command in commands["counts"]} == {*BOARDS}
    assert {*commands["ceilings"]} < {*commands["decode"]}
    assert {command[-1] for command in commands["cycles"]} <= {*CONFIGS}
    assert {command[1] for command in commands["bitstreams"]} == {"ulx3s", "ecpix5", "orangecrab"}


REPORTS = {
    "decode": ({"board": "ulx3s", "clock_hz": 75e6, "shape": "stories15m", "format": "Q4_0", "position": 128,
                "cycles_per_token": 4980252, "tokens_per_second": 15.0595, "utilisation": 0.9521,
                "share_of_ceiling": 0.968},
               ["ulx3s", "75", "stories15m Q4_0", "128", "4,980,252", "15.1", "95.2%", "96.8%"]),
    "ceilings": ({"board": "arty_a7", "clock_hz": 100e6, "peak_bytes_per_cycle": 16.0,
                  "ceiling_bytes_per_cycle": 15.592},
                 ["arty_a7", "100", "16", "15.59", "0.975"]),
    "prefill": ({"board": "arty_a7", "shape": "s", "format": "Q8_0", "prefill_tokens": 64, "prefill_group": 4,
                 "prefill_tokens_per_second": 49.31, "tokens_per_second": 10.6, "position": 128},
                ["arty_a7", "s Q8_0", "64", "4", "49.3", "4.7", "128"]),
    "cycles": ({"config": "sim", "cycles_per_token": 109357.4, "bus_utilisation": 0.9186}, ["sim", "109,357", "91.9%"]),
    "units": ({"unit": "dma", "device": "lfe5u-12f", "used": {"luts": 1160, "ffs": 839, "dsps": 0, "brams": 0},
               "available": {"luts": 12096, "ffs": 12096, "dsps": 28, "brams": 32}, "seeds": {"1": 1, "2": 2, "3": 3},
               "mhz": {"min": 122.14, "median": 123.0, "max": 127.4}, "target_mhz": 123.0,
               "failures": ["seed 1: slow"]},
              ["dma", "lfe5u-12f", "1,160 (9.6%)", "839 (6.9%)", "0 (0.0%)", "0 (0.0%)", "122.1, 123.0, 127.4", "123",
               "missed"]),
    "bitstreams": ({"bitstream": "x", "used": {"luts": 1, "ffs": 1, "dsps": 1, "brams": 0.5},
                    "available": {"luts": 10, "ffs": 10, "dsps": 10, "brams": 10},
                    "clocks": {"clk": {"mhz": 79.66, "wanted_mhz": 75.0}, "init": {"mhz": 300.0, "wanted_mhz": 25.0}},
                    "crossings": [{"slack_ns": 1.25}, {"slack_ns": 0.5}, {"slack_ns": None}], "route_seconds": 598.4,
                    "peak_megabytes": 1067.2, "failures": []},
                   ["x", "1 (10.0%)", "1 (10.0%)", "1 (10.0%)", "0.5 (5.0%)", "79.7 of 75; 300.0 of 25", "0.50", "598",
                    "1,067", "met"]),
    "counts": ({"unit": "arty_a7", "device": "xc7a100t", "used": {"luts": 1, "ffs": 1, "dsps": 1, "brams": 0.5},
                "available": {"luts": 10, "ffs": 10, "dsps": 10, "brams": 10}},
               ["arty_a7", "xc7a100t", "1 (10.0%)", "1 (10.0%)", "1 (10.0%)", "0.5 (5.0%)"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows(name):
    report, cells = REPORTS[name]
    assert TABLES[name].cells(report) == cells and len(cells) == len(TABLES[name].headings)


def test_a_run_is_kept_until_the_source_changes(runs, tmp_path):
    first = runs().report(("a", "b"))
    assert first["arguments"] == ["a", "b"] and runs().report(("a", "b")) == first
    assert (tmp_path / "runs").read_text() == "a b\n"
    runs("two").report(("a", "b"))
    assert (tmp_path / "runs").read_text() == "a b\na b\n"
    # What the command writes elsewhere is gone.
    assert not (tmp_path / "build").exists() and len([*(tmp_path / "cache" / "figures").glob("*.key")]) == 2


def test_a_check_that_failed_is_a_figure_and_an_error_is_none(runs, tmp_path):
    assert runs().report(("missed",))["arguments"] == ["missed"]
    with pytest.raises(CelosiaError, match="^celosia fail: exit status 1: celosia: another$"):
        runs().report(("fail",))
    with pytest.raises(CelosiaError):
        runs().report(("fail",))
    assert (tmp_path / "runs").read_text() == "missed\nfail\nfail\n"


def test_the_source_is_part_of_what_is_kept(tmp_path):
    (tmp_path / "pdm.lock").write_text("one")
    (tmp_path / "sim").mkdir()
    digests = [source_hash(tmp_path)]
    for path, text in (("sim/a.py", "1"), ("sim/a.py", "2"), ("sim/b.h", "2"), ("pdm.lock", "two")):
        (tmp_path / path).write_text(text)
        digests.append(source_hash(tmp_path))
    assert len({*digests}) == 5
    (tmp_path / "sim/a.py").write_text("def a():\n    return 2\n")
    digests.append(source_hash(tmp_path))
    assert digests[-1] not in digests[:-1]
    (tmp_path / "sim/a.py").write_text(
        '"""A text."""\n\n\ndef a():\n    """What it does."""\n    return 2  # and why\n')
    (tmp_path / "sim" / "a.txt").write_text("")
    assert source_hash(tmp_path) == digests[-1]


def test_documents_are_written(runs, tmp_path, monkeypatch, capsys):
    figures = FigureTable(document="page.md", headings=("configuration", "cycles", "busy"),
                          commands=(("generate", "sim"), ("generate", "ecp5")), cells=TABLES["cycles"].cells)
    monkeypatch.setattr("host.pages.figures.TABLES", {"x": figures})
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures: x -->\nold\n<!-- end of figures -->\nafter\n")
    assert main(["--json", str(tmp_path / "all.json")], runs=runs(), root=tmp_path) == 0
    assert page.read_text() == f"""\
before
<!-- figures: x -->

{print_table(figures, runs())}
<!-- end of figures -->
after
"""
    assert "| ecp5 | 1,234 | 50.0% | `celosia generate ecp5` |\n" in page.read_text()
    assert capsys.readouterr().out == "page.md: x\n"
    assert json.loads((tmp_path / "all.json").read_text())["x"]["generate sim"]["cycles_per_token"] == 1234.5
    assert (tmp_path / "runs").read_text() == "generate sim\ngenerate ecp5\n"
    monkeypatch.setattr("host.pages.figures.TABLES", {"x": FigureTable(
        document="page.md", headings=(), commands=(("fail",),), cells=list)})
    assert main(["x"], runs=runs(), root=tmp_path) == 2
    assert capsys.readouterr().err == "figures: celosia fail: exit status 1: celosia: another\n"


def test_commands_are_listed(capsys):
    assert main(["cycles", "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "celosia generate --tokens 100 --config sim"
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "tables must be of decode, ceilings" in capsys.readouterr().err


def test_a_place_is_replaced_once():
    text = "<!-- figures: a -->\n1\n<!-- end of figures -->\n<!-- figures: b -->\n2\n<!-- end of figures -->\n"
    assert replace_table(text, "a", "3\n") == text.replace("\n1\n", "\n\n3\n\n")
    with pytest.raises(ValueError, match="^Places of table 'c' in a document must be one, not 0$"):
        replace_table(text, "c", "")
    with pytest.raises(ValueError, match="^Places of table 'a' in a document must be one, not 2$"):
        replace_table(text * 2, "a", "")
