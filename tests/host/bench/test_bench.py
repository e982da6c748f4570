"""What a benchmark prints and writes."""

import json
import re

import pytest
from typer.testing import CliRunner

from host.bench.kinds import KINDS
from host.compiler.compiled import compile_model
from host.bench.measure import measure
from host.bench.perfetto import TRACKS
from host.bench.report import CAUSES, report_of, table_of
from host.command import app

FIELDS = {
    "board": str, "config": dict, "clock_hz": float, "as_built": bool, "shape": str, "format": str,
    "position": int, "windows": list, "kv_bits": int, "cycles_per_token": int, "tokens_per_second": float,
    "bytes_per_token": int, "bus_bytes_per_token": int,
    "peak_bytes_per_cycle": (int, float), "utilisation": float, "ceiling_bytes_per_cycle": float,
    "share_of_ceiling": float, "busy_cycles": int, "lost_cycles": dict, "cycles_by_kind": dict, "macs_per_token": int,
    "peak_macs_per_cycle": int, "prefill_macs_per_token": float, "prefill_tokens": int, "prefill_group": int,
    "prefill_cycles": int, "prefill_tokens_per_second": float, "prefill_bound_tokens_per_second": float,
    "prefill_share_of_bound": float, "prefill_groups": dict, "image_bytes": int, "dram_bytes": int, "counters": dict,
    "simulated_layers": int, "simulated_cycles": int, "simulated_cycles_per_second": float, "evidence": str,
}


@pytest.fixture
def bench(board, small, monkeypatch, tmp_path):
    """Run `celosia bench` on the small board and shape; returns stdout, report, page and trace."""
    monkeypatch.setattr("host.bench.board.find_board", lambda name: board)
    monkeypatch.setattr("host.bench.shape.find_shape", lambda name, format: small(format))

    def run(*arguments):
        files = {name: tmp_path / name for name in ("json", "html", "trace")}
        options = [item for name, path in files.items() for item in (f"--{name}", str(path))]
        result = CliRunner().invoke(app, ["bench", "--board", "x", "--shape", "x", "--format", "Q8_0", *arguments,
                                          *options], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout, *(files[name].read_text() for name in files)
    return run


def test_report_page_and_trace(bench):
    printed, report, page, trace = bench("--position", "40", "--prefill", "20")
    report = json.loads(report)
    assert {*report} == {*FIELDS}
    for field, kind in FIELDS.items():
        assert isinstance(report[field], kind), field
    assert not report["as_built"] and printed.startswith(
        "small Q8_0 on ideal-test at 100 MHz (a study, not a board as built), position 40\n")
    _check_sums(report)
    assert report["prefill_group"] == 1 and report["simulated_layers"] == 3
    assert "3 of 8 layers were simulated" in report["evidence"] and "interpolated" in report["evidence"]
    assert f"{report['cycles_per_token']:,} cycles" in printed and report["evidence"] in printed
    assert table_of(report).strip() == printed.strip()
    _check_page(page, report)
    _check_trace(json.loads(trace), report)


def _check_sums(report):
    cycles = report["cycles_per_token"]
    assert report["busy_cycles"] + sum(report["lost_cycles"].values()) == cycles
    assert sum(row["cycles"] for row in report["cycles_by_kind"].values()) == cycles
    for row in report["cycles_by_kind"].values():
        assert sum(row.values()) == 2 * row["cycles"] and min(row.values()) >= 0
    assert {*report["lost_cycles"]} == {cause.name.lower() for cause in CAUSES}
    assert report["utilisation"] == pytest.approx(report["bytes_per_token"] / (16 * cycles))
    assert report["share_of_ceiling"] == pytest.approx(report["utilisation"] / 0.95)
    assert report["bytes_per_token"] < report["bus_bytes_per_token"] == 16 * report["busy_cycles"]
    assert report["tokens_per_second"] == 100e6 / cycles


def _check_page(page, report):
    """Well-formed, and without a reference to anything outside."""
    from xml.etree import ElementTree

    body = page[page.index("<body>"):page.index("</body>") + 7]
    ElementTree.fromstring(body)
    assert not re.search(r"(src|href|url|import)\s*[=(]", page) and "://" not in page
    for text in (f"{report['utilisation']:.1%}", "Roofline", "One layer", "blk.1.ffn_down", "softmax"):
        assert text in page, text


def _check_trace(trace, report):
    events = trace["traceEvents"]
    names = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert names == {*TRACKS.values()}
    slices = [event for event in events if event["ph"] == "X"]
    assert {event["tid"] for event in slices} == {*range(1, len(TRACKS) + 1)}
    for thread in range(1, len(TRACKS) + 1):
        mine = [event for event in slices if event["tid"] == thread]
        ends = [event["ts"] + event["dur"] for event in mine]
        assert all(event["ts"] >= end - 1e-3 for event, end in zip(mine[1:], ends)), thread
    dot = {event["name"]: event for event in slices if event["tid"] == 4}
    assert {"blk.0.attn_q", "blk.2.kv.1.score", "output"} <= {*dot}
    # Microseconds at 100 MHz.
    assert dot["output"]["dur"] == pytest.approx(dot["output"]["args"]["cycles"] / 100, abs=1e-3)


def test_a_window(bench):
    """Longer than the context that the shape was trained for: a token far beyond it reads as much as the one that fills
    it."""
    printed, *files = zip(*(bench("--kv", "8", "--position", position, "--window", "288")
                            for position in ("288", "512")))
    full, beyond = map(json.loads, files[0])
    assert full["windows"] == beyond["windows"] == ["window of 288"]
    assert printed[1].startswith("small Q8_0 on ideal-test at 100 MHz (a study, not a board as built), position 512, "
                                 "window of 288\n")
    assert full["bus_bytes_per_token"] == beyond["bus_bytes_per_token"]
    assert full["bytes_per_token"] == beyond["bytes_per_token"]
    assert beyond["cycles_per_token"] == pytest.approx(full["cycles_per_token"], rel=0.03)


def test_a_long_prompt_is_interpolated(board, small):
    """Against the sum of all its groups."""
    few = measure(board, small(layers=3), position=40, prefill=24)
    assert few.prefill.positions == [0, 6, 12, 17, 23]
    every = sum(run for run in _all_groups(board, small(layers=3), 24)) + few.prefill.last_cycles
    assert few.prefill.total_cycles == pytest.approx(every, rel=0.005)
    assert report_of(few)["prefill_cycles"] == round(few.prefill.total_cycles)


def _all_groups(board, shape, tokens):
    from host.bench.layered_run import run_layers
    from host.bench.random_image import random_image
    from host.compiler.compiled import compile_model
    from host.compiler.part import Part
    from host.engine.rtl_engine import RtlEngine

    engine = RtlEngine(random_image(compile_model(shape.cut(layers=3, context=tokens), board.config)),
                       memory=board.memory)
    return [run_layers(engine, [0], Part.BODY, position=at, layers=3).cycles for at in range(tokens)]


def test_kinds(small, board):
    """Every instruction says what it is for, and which layer it belongs to."""
    program = compile_model(small().cut(layers=2, context=64), board.config).program
    found = {instruction.label: (instruction.layer, instruction.kind) for instruction in program}
    assert found.items() >= {
        "token_embd": (None, "embedding"), "one": (None, "embedding"), "rope.sine": (None, "embedding"),
        "output_norm": (None, "norm"), "output": (None, "output"), "end": (None, "other"),
        "blk.1.attn_norm.square": (1, "norm"), "blk.0.attn_output": (0, "matrix"),
        "blk.0.attn_output.add": (0, "residual"), "blk.1.kv.0.key.store": (1, "store"),
        "blk.1.kv.0.score": (1, "score"), "blk.1.kv.0.mix": (1, "mix"), "blk.1.mix.3": (1, "mix"),
        "blk.1.query.3": (1, "quantise"), "blk.1.ffn_down.x": (1, "quantise"), "blk.1.ffn_up": (1, "matrix"),
        "blk.1.softmax.2.exp": (1, "softmax"), "blk.1.silu.up": (1, "activation"), "blk.0.rope_q.sine": (0, "rope"),
    }.items()
    # Of this model: no biases, and no states in DRAM, which encoders have.
    assert {instruction.kind for instruction in program} == {*KINDS} - {"bias", "states", "between"}


def test_generate_writes_a_trace(tmp_path):
    file = tmp_path / "trace.json"
    result = CliRunner().invoke(app, ["generate", "--tokens", "2", "--trace", str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    events = [event for event in json.loads(file.read_text())["traceEvents"] if event["ph"] == "X"]
    assert [event["name"] for event in events if event["tid"] == 1] == ["position 0", "position 1"]
    assert {event["name"] for event in events if event["tid"] == 2} >= {"busy", "end"}
