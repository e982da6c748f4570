"""`celosia embed`: vectors of texts."""

import json
import re

import numpy as np
import pytest

from host.engine import FloatEngine
from host.gguf.model import load
from testing.micro_encoder import write_encoder

TEXT = "The red ball sat."
IDS = [2, 8, 7, 5, 9, 1, 3]


@pytest.fixture
def model(tmp_path):
    """Path of a BERT."""
    write_encoder(path := tmp_path / "bert.gguf")
    return path


def vectors(out):
    """Numbers of every line, each of which is fp32 exactly."""
    return np.array([[float(number) for number in line.split(" ")] for line in out.decode().splitlines()], np.float32)


def distance(found, ideal):
    return np.linalg.norm(found - ideal) / np.linalg.norm(ideal)


@pytest.mark.parametrize("name, least", [("bert", 1), ("bert-Q8_0", 20), ("modernbert", 1)])
def test_shared_encoders(celosia, data_dir, tmp_path, name, least):
    """States and pooled vectors within 5e-4 of Hugging Face in float64, and as much nearer than llama.cpp."""
    folder, out = data_dir / "architectures", tmp_path / "vectors.npy"
    results = np.load(folder / "architectures-logits.npz")
    ids = ",".join(map(str, results[f"{name}/tokens"]))
    for options, kind in ((["--states"], ""), ([], "_pooled")):
        ideal = results[f"{name}/ideal{kind}"].astype(np.float64)
        assert celosia("embed", folder / f"{name}.gguf", "--ids", ids, "--out", out, *options)[0] == 0
        found = distance(np.load(out).reshape(ideal.shape), ideal)
        assert found < 3e-4 and least * found < distance(results[f"{name}/ggml{kind}"], ideal)


def test_a_text_is_a_line_of_numbers(celosia, model, tmp_path):
    status, out, err = celosia("embed", model, "--text", TEXT)
    assert (status, err, out.count(b"\n")) == (0, "", 1)
    ideal = FloatEngine(load(model)).pooled(IDS)
    assert distance(vectors(out)[0], ideal) < 2e-4
    # The same from the ids, in a file of numbers, and in float64.
    file = tmp_path / "vectors.npy"
    assert celosia("embed", model, "--ids", ",".join(map(str, IDS)), "--out", file)[:2] == (0, b"")
    assert np.load(file).dtype == np.float32 and np.array_equal(np.load(file), vectors(out))
    assert distance(vectors(celosia("embed", model, "--text", TEXT, "--engine", "float")[1])[0], ideal) < 1e-7


def test_lines_of_a_file_and_states(celosia, model, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text(f"a cat\n\n{TEXT}\n")
    both = vectors(celosia("embed", model, "--file", lines)[1])
    assert np.array_equal(both[1:], vectors(celosia("embed", model, "--text", TEXT)[1])) and len(both) == 2
    states = vectors(celosia("embed", model, "--text", "a cat", "--states", "--engine", "float")[1])
    assert distance(states, FloatEngine(load(model)).states([2, 4, 6, 3])) < 1e-7


def test_normalised_in_a_report(celosia, model, tmp_path):
    report = tmp_path / "report.json"
    arguments = ("embed", model, "--text", TEXT, "--text", "a cat", "--engine", "rtl", "--config", "micro")
    status, out, _ = celosia(*arguments, "--normalise", "--json", report)
    found = json.loads(report.read_text())
    first, second = found.pop("texts")
    assert status == 0 and found == {"model": str(model), "engine": "rtl", "config": "micro", "kv_bits": 16,
                                     "memory": None,
                                     "pooling": "mean", "normalised": True}
    assert (first["text"], first["tokens"], second["tokens"]) == (TEXT, IDS, [2, 4, 6, 3])
    assert np.array_equal(np.float32([first["vectors"][0], second["vectors"][0]]), vectors(out))
    assert np.linalg.norm(vectors(out), axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert first["cycles"] > second["cycles"] > 1000
    # The golden model on a wider bus: the same bits.
    assert celosia("embed", model, "--text", TEXT, "--text", "a cat", "--normalise")[1] == out


def test_verify_an_encoder(celosia, model, tmp_path):
    report = tmp_path / "report.json"
    status, out, _ = celosia("verify", model, "--config", "micro", "--tokens", 3, "--groups", "--stalls", 0.2,
                             "--json", report)
    row, = json.loads(report.read_text())["configurations"]
    assert (status, row["ids"], row["difference"]) == (0, [0, 2, 4], None)
    assert (row["groups"]["group"], row["groups"]["logits_hash"]) == (2, row["logits_hash"])
    assert b"States" in out and b"Logits" not in out
    assert re.search(r"micro: groups of up to 2 tokens agree in every value \([\d,]+\) and give the same states, in ",
                     " ".join(out.decode().split()))


def test_inspect_an_encoder(celosia, model, tmp_path):
    report = tmp_path / "report.json"
    assert celosia("inspect", model, "--config", "micro", "--program", "--json", report)[0] == 0
    found = json.loads(report.read_text())
    # 32 positions of two layers with four heads of eight: codes of K, of V, scales.
    assert found["kv_bytes"] == 2 * 4 * (32 * 8 * 2 + 8 * 32 * 2 + 2 * 32 * 4) + 2 * 4 * 32 * (64 - 16)
    assert len(found["program"]) == found["instructions"]
    assert [line["label"] for line in found["program"]].count("end") == 6


@pytest.mark.parametrize("arguments, message", [
    ((), "there is no text: --text, --file or --ids must name one"),
    (("--text", "a " * 40), "text 1 must have at most the 32 tokens of the context, not 42"),
    (("--text", "a cat", "--ids", "1,35"), "ids must be below the vocabulary's 35, not 35"),
    (("--text", "a", "--engine", "board"), "the engine board and --port PATH go together"),
    (("--text", "a", "--engine", "cpu"), "engine must be one of float, model, rtl, board, not 'cpu'"),
])
def test_bad_input(refused, model, arguments, message):
    assert refused("embed", model, *arguments) == message


def test_models_that_make_no_vector(refused, write_gguf, tmp_path):
    path = write_gguf()
    assert refused("embed", path, "--text", "a") == f"{path}: architecture 'llama' predicts tokens: it is no encoder"
    write_encoder(path := tmp_path / "none.gguf", pooling=0)
    assert refused("embed", path, "--text", "a") == (
        f"{path}: the model makes no single vector of a text: its pooling_type is 0")


@pytest.mark.parametrize("command", [
    "generate {model}", "generate {model} --engine model", "chat {model}", "logits {model} --ids 1 --out x.npy",
    "logits {model} --engine float --ids 1 --out x.npy", "perplexity {model} --text {text}",
    "compare {model} --ids 1,2", "bench --board ideal-128 --shape {model}", "bench-sim {model}",
])
def test_commands_that_predict_refuse_encoders(refused, model, tmp_path, monkeypatch, command):
    """Before anything is compiled or written."""
    monkeypatch.chdir(tmp_path)
    (text := tmp_path / "text.txt").write_text(TEXT)
    assert refused(*command.format(model=model, text=text).split()) == (
        f"{model}: architecture 'bert' makes vectors of texts and no logits")
    assert not (tmp_path / "x.npy").exists()


def test_bench_refuses_shapes_of_encoders(refused):
    assert refused("bench", "--board", "ideal-128", "--shape", "bge-small", "--format", "Q8_0") == (
        "bge-small: architecture 'bert' makes vectors of texts and no logits")
