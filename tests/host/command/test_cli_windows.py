"""`--window` and `--sinks`: what is refused, and that every command passes them on."""

import json

import numpy as np
import pytest

IDS = ",".join(str(11 * number % 272) for number in range(48))
COMMANDS = {"generate": [], "verify": [], "inspect": [], "logits": ["--ids", "1", "--out", "x.npy"],
            "compare": ["--ids", "1"], "perplexity": ["--text", "x.txt"]}


@pytest.fixture
def model(write_gguf):
    return write_gguf({"llama.context_length": 48})


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("options, said", [
    (["--window", 0], "window must be 1 or more, not 0"),
    (["--window", 5, "--sinks", 128], "sinks must be 0 to 127, not 128"),
    (["--window", 5, "--sinks", -1], "sinks must be 0 to 127, not -1"),
    (["--sinks", 4], "sinks need a window: choose its size with --window")])
def test_windows_that_cannot_be(refused, model, command, options, said):
    assert refused(command, model, *COMMANDS[command], *options) == said


def test_windows_of_a_bench_that_cannot_be(refused):
    options = ["--board", "ideal-64", "--shape", "stories15m", "--format", "Q4_0"]
    assert refused("bench", *options, "--sinks", 4) == "sinks need a window: choose its size with --window"


def test_logits_of_a_window(celosia, model, tmp_path):
    """Near to float64 with the same window; the same as without one up to the ninth token, and then no more. Sinks of
    four positions are those of 36 tokens and more."""
    def logits(name, *options):
        out = tmp_path / f"{name}.npy"
        assert celosia("logits", model, "--ids", IDS, "--out", out, *options) == (0, b"", "")
        return np.load(out)

    window = ["--window", 9]
    plain, found, ideal = logits("plain"), logits("found", *window), logits("ideal", *window, "--engine", "float")
    assert np.array_equal(plain[:9], found[:9]) and not (plain[9:] == found[9:]).all(axis=1).any()
    assert np.linalg.norm(found - ideal) < 2e-4 * np.linalg.norm(ideal)
    window += ["--sinks", 4]
    sunk, ideal = logits("sunk", *window), logits("sunk-ideal", *window, "--engine", "float")
    assert np.array_equal(plain[:13], sunk[:13]) and not (found[13:] == sunk[13:]).all(axis=1).any()
    assert np.linalg.norm(sunk - ideal) < 2e-4 * np.linalg.norm(ideal)
    # A window as long as the context is none.
    assert np.array_equal(plain, logits("whole", "--window", 48, "--sinks", 4))


def test_inspect_says_how_long_the_cache_is(celosia, write_gguf, tmp_path):
    """A ring of 64 positions for a window of 20, in place of 512; what is read does not grow with the position."""
    out = tmp_path / "report.json"

    def report(*options):
        status, _text, _err = celosia("inspect", write_gguf({"llama.context_length": 512}), "--json", out, *options)
        assert status == 0
        return json.loads(out.read_text())

    plain, windowed = report(), report("--window", 20)
    assert plain["context"] == windowed["context"] == 512
    assert windowed["kv_bytes"] * 8 == plain["kv_bytes"]
    # Nothing of K and V but one more vector of 8 rows in each head, and scales for it and each query.
    first, middle, last = (entry["bytes"] for entry in windowed["bytes_read_per_token"])
    assert first < last and abs(middle - last) < 4096 < plain["bytes_read_per_token"][2]["bytes"] - last
