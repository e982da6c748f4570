"""`celosia compare`."""

import json

import pytest

from boards.configs import ALL_CONFIGS
from gateware.config import CONFIGS
from host.evaluation.comparison import Comparison
from host.compiler.compiled import compile_model
from host.gguf.model import load
from host.image.image import build_image

IDS = "1,5,9,200"


def test_command(celosia, write_gguf, tmp_path):
    model, report = write_gguf(), tmp_path / "report.json"
    status, out, err = celosia("compare", model, "--ids", IDS, "--config", "micro", "--top", 3,
                               "--json", report)
    assert (status, err) == (0, "")
    comparison = Comparison(build_image(compile_model(load(model), CONFIGS["micro"])))
    for token in IDS.split(","):
        comparison.step(int(token))
    expected = sorted(comparison.errors(), key=lambda error: -error.accumulated)
    contents = json.loads(report.read_text())
    assert contents["ids"] == [1, 5, 9, 200] and contents["config"] == "micro"
    assert contents["same_argmax"] == comparison.same_argmax
    assert contents["instructions"] == [vars(error) for error in expected]
    lines = out.decode().strip().splitlines()
    listed = [line.split() for line in lines if line.split() and line.split()[0].isdigit()]
    assert [row[:2] + row[-2:] for row in listed] == [
        [str(error.index), error.label, f"{error.accumulated:.2e}", f"{error.local:.2e}"]
        for error in expected[:3]]
    logits = next(error for error in expected if error.result == "logits")
    assert lines[-1] == (f"logits: rel-rms {logits.accumulated:.2e}, same argmax at "
                         f"{comparison.same_argmax} of 4 positions")


def test_order_and_length(celosia, write_gguf):
    arguments = "--ids", IDS, "--config", "micro", "--by", "local", "--top", 0
    _, out, _ = celosia("compare", write_gguf(), *arguments)
    rows = [line.split() for line in out.decode().splitlines() if line.split() and line.split()[0].isdigit()]
    local = [float(row[-1]) for row in rows]
    assert local == sorted(local, reverse=True)
    assert sorted(int(row[0]) for row in rows) == list(range(len(rows))) and len(rows) > 40


@pytest.mark.parametrize("arguments, message", [
    (["--ids", "1,x"], "ids must be numbers with commas between them, not '1,x'"),
    (["--ids", "1,272"], "ids must be below the vocabulary's 272, not 272"),
    (["--ids", ",".join(["1"] * 9), "--context", "8"],
     "ids must be at most the 8 tokens of the context, not 9"),
    (["--ids", "1", "--top", "-1"], "top must be 0 or more, not -1"),
    (["--ids", "1", "--by", "label"], "by must be one of accumulated, local, not 'label'"),
    (["--ids", "1", "--config", "huge"], f"configuration must be one of {', '.join(ALL_CONFIGS)}, not 'huge'"),
])
def test_bad_options(refused, write_gguf, arguments, message):
    assert refused("compare", write_gguf(), *arguments) == message
