"""`celosia perplexity` on the engines that need no simulation."""

import json

import numpy as np
import pytest

from host.text import tokenizer
from host.engine.engines import open_engine
from host.gguf.model import load
from host.evaluation.perplexity import evaluate, split_text

TEXT = "a lost stable, a tale told so late. " * 12


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_command(celosia, write_gguf, text, tmp_path):
    model, report = write_gguf(), tmp_path / "report.json"
    status, out, err = celosia("perplexity", model, "--text", text, "--context", 16, "--chunks", 3,
                               "--engine", "float", "--json", report)
    assert (status, err) == (0, "")
    contents = json.loads(report.read_text())
    chunks = split_text(tokenizer.load(load(model)), TEXT, 16)[:3]
    *_, result = evaluate(open_engine("float", load(model), config=None), chunks)
    assert contents == {
        "perplexity": result.value, "error": result.error, "loss": result.mean,
        "loss_error": result.mean_error, "scored": 21, "chunks": 3, "context": 16, "paragraphs": False,
        "model": str(model), "text": str(text), "engine": "float", "config": None, "kv_bits": None}
    assert out.decode() == (f"perplexity {result.value:.4f} +/- {result.error:.4f} (21 tokens scored in 3 "
                            f"chunks of 16, engine float)\n")


def test_the_models_context_is_the_default(celosia, write_gguf, text):
    _, out, _ = celosia("perplexity", write_gguf(), "--text", text, "--engine", "model", "--config", "micro")
    assert b"chunks of 32, engine model" in out


@pytest.mark.parametrize("arguments, message", [
    (["--context", "7"], "context must be 8 or more, not 7"),
    (["--context", "33"], "{model}: context must be 1 to 32, not 33"),
    (["--chunks", "0"], "chunks must be 1 or more, not 0"),
    (["--engine", "gpu"], "engine must be one of float, model, rtl, not 'gpu'"),
    (["--paragraphs"], "{text}: paragraph 1 must have at most the 32 tokens of the context, not {tokens}"),
])
def test_bad_options(refused, write_gguf, text, arguments, message):
    model = write_gguf()
    tokens = len(tokenizer.load(load(model)).encode(TEXT.strip()))
    assert refused("perplexity", model, "--text", text, *arguments) == message.format(
        model=model, text=text, tokens=tokens)


@pytest.mark.parametrize("contents, arguments, message", [
    (b"abc", [], "text must have at least 2 x 32 = 64 tokens, not 4; --context makes chunks shorter"),
    (b"a\xff", [], "text must be UTF-8, which byte 1 is not"),
    (b"\n\n \n", ["--paragraphs"], "text must not be empty"),
])
def test_bad_texts(refused, write_gguf, tmp_path, contents, arguments, message):
    path = tmp_path / "text.txt"
    path.write_bytes(contents)
    assert refused("perplexity", write_gguf(), "--text", path, *arguments) == f"{path}: {message}"


def test_absent_text(refused, write_gguf, tmp_path):
    path = tmp_path / "absent"
    assert refused("perplexity", write_gguf(), "--text", path) == f"{path}: No such file or directory"


def test_logits_that_overflow(refused, write_gguf, text, tmp_path):
    """Norm weights near the largest fp32 number make infinite logits; no report is left behind."""
    model = write_gguf(tensors={"output_norm.weight": (np.full(32, 3e38, np.float32), "F32")})
    report = tmp_path / "reports" / "report.json"
    report.parent.mkdir()
    line = refused("perplexity", model, "--text", text, "--context", 8, "--config", "micro", "--json", report)
    assert line == "logits after token 4 of chunk 1 must be finite"
    assert not list(report.parent.iterdir())


def test_special_tokens_of_a_text(celosia, write_gguf, tmp_path):
    """Spelled or meant: the same text has other tokens."""
    model, text, report = write_gguf(), tmp_path / "text.txt", tmp_path / "report.json"
    text.write_text("a lost</s>code " * 20)
    scored = []
    for arguments in ([], ["--special"]):
        status, _, _ = celosia("perplexity", model, "--text", text, "--context", 16, "--engine", "float",
                               "--json", report, *arguments)
        assert status == 0
        scored.append(json.loads(report.read_text())["scored"])
    # 242 and 202 tokens make 15 and 12 chunks, of which 7 tokens each are scored.
    assert scored == [15 * 7, 12 * 7]
