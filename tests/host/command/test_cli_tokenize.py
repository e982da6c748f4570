"""`celosia tokenize`."""

import io
import json
import sys

import pytest


@pytest.fixture
def vocabulary(write_gguf):
    """A file without tensors."""
    from testing.micro_model import SHAPES

    return write_gguf(tensors=dict.fromkeys(SHAPES), name="vocab.gguf")


def test_text(celosia, vocabulary):
    assert celosia("tokenize", vocabulary, "--text", "a lost\n\u20ac'") == (0, (
        "     1  '<s>'\n   269  ' a'\n   259  ' '\n   270  'lo'\n   271  'st'\n    13  '\\n'\n"
        "   229  '\\xe2'\n   133  '\\x82'\n   175  '\\xac'\n    42  '\\''\n").encode(), "")


@pytest.mark.parametrize("arguments, ids", [
    ([], [1, 269]),
    (["--no-bos"], [269]),
    (["--special", "--no-bos"], [269]),
])
def test_what_is_added(celosia, vocabulary, arguments, ids):
    _, out, _ = celosia("tokenize", vocabulary, "--text", "a", *arguments)
    assert [int(line.split()[0]) for line in out.splitlines()] == ids


def test_end_of_a_complete_text(celosia, write_gguf):
    path = write_gguf({"tokenizer.ggml.add_eos_token": True})
    assert celosia("tokenize", path, "--text", "a")[1] == b"     1  '<s>'\n   269  ' a'\n     2  '</s>'\n"


def test_special(celosia, vocabulary):
    _, out, err = celosia("tokenize", vocabulary, "--text", "</s>a", "--special", "--no-bos")
    assert (out, err) == (b"     2  '</s>'\n   269  ' a'\n", "celosia: the text does not come back as it was, but as "
                          "'</s> a'\n")
    _, out, _ = celosia("tokenize", vocabulary, "--text", "</s>", "--no-bos")
    assert b"'</s>'" not in out


def test_ids(celosia, vocabulary):
    assert celosia("tokenize", vocabulary, "--ids", "1,269,259,270,271") == (0, b"a lost", "")
    assert celosia("tokenize", vocabulary, "--ids", "1,269,2", "--special") == (0, b"<s> a</s>", "")
    assert celosia("tokenize", vocabulary, "--ids", "229,133,175") == (0, "\u20ac".encode(), "")


def test_file_and_stdin(celosia, vocabulary, tmp_path, monkeypatch):
    (tmp_path / "text").write_text("a lost")
    expected = b"   269  ' a'\n   259  ' '\n   270  'lo'\n   271  'st'\n"
    assert celosia("tokenize", vocabulary, "--file", tmp_path / "text", "--no-bos") == (0, expected, "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a lost")))
    assert celosia("tokenize", vocabulary, "--file", "-", "--no-bos") == (0, expected, "")


def test_json(celosia, vocabulary, tmp_path):
    expected = {"ids": [1, 269, 259, 270, 271], "pieces": ["'<s>'", "' a'", "' '", "'lo'", "'st'"], "text": "a lost",
                "round_trip": True}
    status, out, _ = celosia("tokenize", vocabulary, "--text", "a lost", "--json", "-")
    assert status == 0 and json.loads(out) == expected
    celosia("tokenize", vocabulary, "--ids", "1,269,259,270,271", "--json", tmp_path / "out")
    assert json.loads((tmp_path / "out").read_text()) == expected | {"round_trip": None}


def test_demo_model_is_the_default(celosia):
    status, out, _ = celosia("tokenize", "--text", "Once upon a time")
    assert status == 0 and out.count(b"\n") > 1


@pytest.mark.parametrize("name", ["bert-bge", "qwen2", "phi-3"])
def test_vocabularies_of_others(celosia, data_dir, name):
    status, out, err = celosia("tokenize", data_dir / "vocab" / f"ggml-vocab-{name}.gguf", "--text", "hello world",
                               "--no-bos")
    assert (status, err) == (0, "") and out.count(b"\n") == 2


@pytest.mark.parametrize("arguments, message", [
    ([], "one of --text, --file and --ids is needed"),
    (["--text", "a", "--ids", "1"], "one of --text, --file and --ids is needed"),
    (["--ids", "1,272"], "ids must be below the vocabulary's 272, not 272"),
    (["--ids", "x"], "ids must be numbers with commas between them, not 'x'"),
    (["--text", "a", "--json", "/nowhere/x"], "cannot write /nowhere/x: No such file or directory"),
])
def test_bad_input(refused, vocabulary, arguments, message):
    assert refused("tokenize", vocabulary, *arguments) == message


def test_unknown_pre_tokenizer(refused, vocabulary):
    message = refused("tokenize", vocabulary, "--text", "a", "--pre", "x")
    assert message.startswith("pre must be one of default, gpt-2, ") and message.endswith(", whitespace, not 'x'")
