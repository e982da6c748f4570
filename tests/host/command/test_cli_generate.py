"""`celosia generate` on the engines that need no simulation."""

import json
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS
from host.text import tokenizer
from host.gguf.model import load
from host.paths import demo_model
from boards.memories import MEMORIES


@pytest.mark.parametrize("engine", ["model", "float"])
def test_published_text(celosia, data_dir, engine):
    """What llama2.c publishes for this model, byte for byte."""
    folder = data_dir / "stories260K"
    status, out, err = celosia("generate", folder / "stories260K.gguf", "--tokens", 200, "--temperature", 0,
                               "--engine", engine)
    assert status == 0
    assert out == (folder / "expected_stdout_200.txt").read_bytes()
    assert err.startswith("celosia: 200 tokens, ") and err.count("\n") == 1


def test_demo_model_is_the_default(celosia, tmp_path):
    report = tmp_path / "report.json"
    status, out, _ = celosia("generate", "--engine", "model", "--tokens", 8, "--json", report)
    assert status == 0
    contents = json.loads(report.read_text())
    assert contents["text"].encode() == out
    assert contents["model"] == str(demo_model())
    assert contents["stop_reason"] == "tokens" and len(contents["tokens"]) == 8


def test_prompt_is_printed_and_continued(celosia, tmp_path):
    report = tmp_path / "report.json"
    prompt = "Tom had a red ball."
    _, out, _ = celosia("generate", "--engine", "model", "--prompt", prompt, "--tokens", 6, "--json", report)
    contents = json.loads(report.read_text())
    tokens = tokenizer.load(load(demo_model()))
    assert contents["prompt_tokens"] == tokens.encode(prompt)
    assert len(contents["tokens"]) == 6
    assert out.decode() == contents["text"] == tokens.decode(contents["prompt_tokens"] + contents["tokens"])
    assert contents["text"].startswith(prompt) and len(contents["text"]) > len(prompt)


def test_a_prompt_continues_as_the_model_itself_would(celosia, tmp_path):
    """Greedy text, cut between two tokens and given back as the prompt, goes on as before."""
    whole, rest = tmp_path / "whole.json", tmp_path / "rest.json"
    celosia("generate", "--engine", "model", "--tokens", 30, "--json", whole)
    ids = json.loads(whole.read_text())["tokens"]
    tokens = tokenizer.load(load(demo_model()))
    # Not every beginning of a text has the tokens that the whole text begins with.
    cut = next(cut for cut in range(15, 30)
               if tokens.encode(tokens.decode(ids[:cut]), bos=False) == ids[:cut])
    celosia("generate", "--engine", "model", "--tokens", 30 - cut, "--prompt", tokens.decode(ids[:cut]),
            "--json", rest)
    assert json.loads(rest.read_text())["tokens"] == ids[cut:]


@pytest.mark.parametrize("engine", ["model", "float"])
def test_engines_without_a_clock_have_no_costs(celosia, write_gguf, tmp_path, engine):
    report = tmp_path / "report.json"
    celosia("generate", write_gguf(), "--engine", engine, "--tokens", 3, "--json", report)
    contents = json.loads(report.read_text())
    assert contents["engine"] == engine
    assert contents["config"] == {"model": "sim", "float": None}[engine]
    assert contents["seconds"] > 0
    for key in ("prefill_cycles_per_token", "cycles_per_token", "bus_bytes_per_token", "bus_bytes_per_cycle",
                "bus_utilisation", "simulated_cycles_per_second"):
        assert contents[key] is None


def test_end_of_text(celosia, tmp_path):
    """The demo model ends its story: stop reason, and a last token that stands for nothing."""
    report = tmp_path / "report.json"
    status, out, _ = celosia("generate", "--engine", "model", "--json", report)
    contents = json.loads(report.read_text())
    assert (status, contents["stop_reason"]) == (0, "end")
    assert contents["tokens"][-1] == load(demo_model()).hyperparameters.eos
    assert out.decode().endswith((".", "!", "?", '"'))


@pytest.mark.parametrize("engine", ["model", "float"])
def test_end_of_the_context(celosia, engine, tmp_path):
    report = tmp_path / "report.json"
    status, out, err = celosia("generate", "--engine", engine, "--context", 20, "--json", report)
    contents = json.loads(report.read_text())
    assert status == 0
    assert err.splitlines()[0] == "celosia: stopped: the context of 20 positions is full"
    assert contents["stop_reason"] == "context"
    # Twenty tokens are fed, BOS first; the one that the last of them gives still counts.
    assert len(contents["tokens"]) == 20
    assert contents["text"].encode() == out


def test_a_prompt_that_fills_the_context_gets_one_token(celosia, write_gguf, tmp_path):
    report = tmp_path / "report.json"
    _, _, err = celosia("generate", write_gguf(), "--engine", "model", "--prompt", "x" * 30, "--json", report)
    contents = json.loads(report.read_text())
    assert len(contents["prompt_tokens"]) == 32  # BOS, the space, and a byte token for each letter
    assert len(contents["tokens"]) == 1
    assert err.startswith("celosia: stopped: the context of 32 positions is full\n")


def test_seeds(celosia):
    def text(*arguments):
        return celosia("generate", "--engine", "model", "--tokens", 12, *arguments)[1]

    greedy = text()
    hot = [text("--temperature", 1.5, "--seed", seed) for seed in (1, 1, 2)]
    assert hot[0] == hot[1] != hot[2]
    assert greedy not in hot
    assert text("--temperature", 1e-6, "--seed", 5) == greedy


def test_configurations_write_the_same_text(celosia, tmp_path):
    texts = set()
    for name in ("sim", "sim-narrow", "sim-wide"):
        report = tmp_path / f"{name}.json"
        texts.add(celosia("generate", "--engine", "model", "--tokens", 10, "--config", name,
                          "--json", report)[1])
        assert json.loads(report.read_text())["config"] == name
    assert len(texts) == 1


def test_unwritable_report_is_found_before_the_work(refused, tmp_path):
    assert refused("generate", "--json", tmp_path / "absent" / "report.json") == (
        f"cannot write {tmp_path}/absent/report.json: No such file or directory")


def test_bad_input_leaves_no_report(refused, tmp_path, write_gguf):
    report = tmp_path / "reports" / "report.json"
    report.parent.mkdir()
    report.write_text("old")
    line = refused("generate", write_gguf(), "--engine", "model", "--prompt", "x" * 31, "--json", report)
    assert line == "prompt must have at most the 32 tokens of the context, not 33"
    assert [path.name for path in report.parent.iterdir()] == ["report.json"]
    assert report.read_text() == "old"


@pytest.mark.parametrize("arguments, message", [
    (["--config", "huge"], f"configuration must be one of {', '.join(ALL_CONFIGS)}, not 'huge'"),
    (["--temperature", "-0.5"], "temperature must be 0 or more, not -0.5"),
    (["--temperature", "nan"], "temperature must be 0 or more, not nan"),
    (["--tokens", "0"], "tokens must be 1 or more, not 0"),
    (["--group", "0"], "group must be 1 or more, not 0"),
    (["--speculate", "-1", "--engine", "model"], "speculate must be 0 or more, not -1"),
    (["--seed", "-1"], "seed must be 0 or more, not -1"),
    (["--engine", "gpu"], "engine must be one of float, model, rtl, board, not 'gpu'"),
    (["--engine", "model", "--memory", "ulx3s"], "memory needs the engine rtl, not model"),
    (["--memory", "huge"], f"memory must be one of {', '.join(MEMORIES)}, not 'huge'"),
    (["--engine", "board"], "the engine board and --port PATH go together"),
    (["--port", "/dev/ttyUSB0"], "the engine board and --port PATH go together"),
    (["--engine", "board", "--port", "/dev/none"],
     "port /dev/none cannot be opened: [Errno 2] could not open port /dev/none: [Errno 2] No such file or directory: "
     "'/dev/none'"),
    (["--context", "257", "--engine", "model"], f"{demo_model()}: context must be 1 to 256, not 257"),
    (["--context", "0", "--engine", "float"], f"{demo_model()}: context must be 1 to 256, not 0"),
])
def test_bad_options(refused, arguments, message):
    assert refused("generate", *arguments) == message


def test_prompt_that_is_no_text(refused):
    assert refused("generate", "--engine", "model", "--prompt", "a\udcff") == (
        "Text must be valid Unicode, which '\\udcff' at 1 is not")


def test_vocabulary_without_a_beginning(refused, write_gguf):
    path = write_gguf({"tokenizer.ggml.bos_token_id": 0xFFFF_FFFF})
    assert refused("generate", path, "--engine", "model") == (
        "prompt must not be empty: this model has no token that begins a text")


def test_terminal():
    """On a terminal the text is folded between words, and only its own lines stay on the screen."""
    main, follower = pty.openpty()
    os.set_blocking(main, True)
    command = [sys.executable, "-m", "host", "generate", "--engine", "model", "--tokens", "30"]
    environment = os.environ | {"COLUMNS": "40", "LINES": "20", "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    output = b""
    try:
        while block := os.read(main, 1 << 16):
            output += block
    except OSError:  # Linux: the last writer has closed the terminal
        pass
    os.close(main)
    assert process.wait() == 0
    lines = _screen(output.decode())
    plain = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert " ".join(lines[:-1]) == plain
    assert all(len(line) <= 40 for line in lines[:-1]) and len(lines) > 3
    assert lines[-1].startswith("celosia: 30 tokens, ")


def _screen(output):
    """Lines that a terminal shows after `output`, for the few control sequences that occur."""
    lines, row, column = [""], 0, 0
    position = 0
    while position < len(output):
        character = output[position]
        position += 1
        if character == "\x1b":
            end = position
            while not output[end].isalpha():
                end += 1
            count, final = output[position + 1:end], output[end]
            position = end + 1
            if final == "A":
                row -= int(count)
            elif final == "K":
                assert count == "2"
                lines[row] = ""
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        else:
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1:]
            column += 1
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize("engine, options", [("float", ()), ("model", ()), ("model", ("--temperature", 1))], ids=str)
def test_numbers_that_are_too_large(celosia, write_gguf, engine, options):
    """Every weight is a number, but their sums are none: said at once, and not a word in place of it."""
    path = write_gguf(tensors={"output.weight": (np.full((272, 32), 3e38, np.float32), "F32"),
                               "output_norm.weight": (np.full(32, 1e3, np.float32), "F32")})
    status, out, err = celosia("generate", path, "--engine", engine, "--prompt", "a", *options)
    assert (status, out) == (2, b"a")
    message = f"celosia: {path}: logits after position 1 must be finite, but that of token 0 is "
    assert re.fullmatch(re.escape(message) + "-?inf\n", err)
