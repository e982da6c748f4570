"""`-` for stdin and stdout, and files in place of options."""

import io
import json
import types

import numpy as np
import pytest

GENERATE = ("generate", "--engine", "model", "--tokens", 4)


@pytest.fixture
def stdin(monkeypatch):
    """Function (bytes): what stdin holds."""
    return lambda content: monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.fixture
def reported(celosia, tmp_path):
    """Function (*arguments) -> what ``--json -`` prints, which must be nothing but the report that a file gets."""
    def run(*arguments):
        _, plain, _ = celosia(*arguments, "--json", tmp_path / "report.json")
        assert plain and not plain.startswith(b"{")
        status, out, err = celosia(*arguments, "--json", "-")
        assert status == 0 and "{" not in err
        written, printed = json.loads((tmp_path / "report.json").read_text()), json.loads(out)
        assert written.keys() == printed.keys() and out.endswith(b"}\n")
        return printed
    return run


@pytest.mark.parametrize("arguments, key", [
    (GENERATE, "text"), (("inspect",), "tensors"), (("compare", "--ids", "1,2"), "same_argmax"),
    (("doctor",), "checks")])
def test_a_report_on_stdout_is_alone_there(reported, arguments, key):
    assert reported(*arguments)[key]


def test_reports_of_commands_with_files(reported, write_gguf, tmp_path):
    text = tmp_path / "text"
    text.write_text("a lost cab\n\na best act\n")
    assert reported("perplexity", write_gguf(), "--text", text, "--paragraphs")["scored"] > 0
    assert reported("quantize", write_gguf(), tmp_path / "out.gguf", "--type", "F16")["tensors"]


def test_an_array_on_stdout(celosia, write_gguf):
    status, out, err = celosia("logits", write_gguf(), "--ids", "1,2,3", "--out", "-")
    assert (status, err) == (0, "") and np.load(io.BytesIO(out)).shape == (3, 272)


def test_a_failure_prints_no_half_of_a_report(refused, write_gguf):
    assert refused("generate", write_gguf(), "--engine", "model", "--prompt", "x" * 40, "--json", "-") == (
        "prompt must have at most the 32 tokens of the context, not 42")


def test_one_output_at_most(refused, write_gguf, tmp_path):
    message = "only one output can be -, which is stdout"
    assert refused("generate", "--json", "-", "--trace", "-") == message
    assert refused("generate", "--json", "-", "--trace", "-") == message  # And the next one is judged anew.
    assert refused("quantize", write_gguf(), "-", "--type", "F16") == "the file to write must be a file, not -"


@pytest.mark.parametrize("content, prompt", [
    (b"Tom had a", "Tom had a"), (b"Tom had a\n", "Tom had a"), (b"Tom had a\r\n", "Tom had a"),
    (b"Tom had a\n\n", "Tom had a\n"), (b"\n Tom\thad a ", "\n Tom\thad a "), ("Zoë".encode(), "Zoë")])
def test_a_prompt_from_a_file_or_stdin(celosia, stdin, tmp_path, content, prompt):
    """The line end that an editor leaves is none of the text; everything else is."""
    expected = celosia(*GENERATE, "--prompt", prompt)[:2]
    (tmp_path / "prompt").write_bytes(content)
    assert celosia(*GENERATE, "--prompt-file", tmp_path / "prompt")[:2] == expected
    stdin(content)
    assert celosia(*GENERATE, "--prompt-file", "-")[:2] == expected
    assert expected[0] == 0 and len(expected[1]) > len(prompt.encode())


def test_a_text_from_stdin(celosia, stdin, write_gguf, tmp_path):
    (tmp_path / "text").write_bytes(b"a lost cab\n\na best act")
    arguments = ("perplexity", write_gguf(), "--paragraphs", "--text")
    expected = celosia(*arguments, tmp_path / "text")
    stdin(b"a lost cab\n\na best act")
    assert celosia(*arguments, "-") == expected and expected[0] == 0


@pytest.mark.parametrize("content, message", [
    (b"ab\xff", "text must be UTF-8, which byte 2 is not"),
    (b"a" * ((1 << 22) + 1), "text must have at most 4,194,304 bytes")])
def test_prompts_that_are_refused(refused, stdin, tmp_path, content, message):
    (tmp_path / "prompt").write_bytes(content)
    assert refused(*GENERATE, "--prompt-file", tmp_path / "prompt") == f"{tmp_path}/prompt: {message}"
    stdin(content)
    assert refused(*GENERATE, "--prompt-file", "-") == f"stdin: {message}"


def test_prompts_that_are_not_there(refused, tmp_path):
    assert refused(*GENERATE, "--prompt-file", tmp_path / "absent") == f"{tmp_path}/absent: No such file or directory"
    assert refused(*GENERATE, "--prompt-file", tmp_path) == f"{tmp_path}: Is a directory"
    assert refused(*GENERATE, "--prompt-file", "/dev/zero") == "/dev/zero: text must have at most 4,194,304 bytes"
    assert refused(*GENERATE, "--prompt-file", tmp_path, "--prompt", "x") == (
        "only one of --prompt and --prompt-file is possible")


@pytest.mark.parametrize("command, output", [
    (GENERATE, "--json"), (("inspect",), "--json"), (("logits", "models/demo.gguf", "--ids", "1"), "--out"),
    (("doctor",), "--json"), (("compare", "--ids", "1"), "--json")])
def test_places_that_cannot_be_written(refused, tmp_path, command, output):
    (tmp_path / "file").write_text("")
    for path, reason in ((tmp_path / "absent" / "x", "No such file or directory"), (tmp_path, "Is a directory"),
                         (tmp_path / "file" / "x", "Not a directory"), ("/proc/x", "No such file or directory"),
                         (tmp_path / ("x" * 300), "File name too long")):
        assert refused(*command, output, path) == f"cannot write {path}: {reason}"


@pytest.mark.parametrize("ids, message", [
    ("9" * 5000, f"ids must be numbers of at most 10 digits, not '{'9' * 60}'... (5,000 characters)"),
    ("1,x" + "y" * 99, f"ids must be numbers with commas between them, not '1,x{'y' * 57}'... (102 characters)"),
    ("4294967296", "ids must be below the vocabulary's 272, not 4294967296"),
    ("1,,2", "ids must be numbers with commas between them, not '1,,2'"),
    ("\u0662", "ids must be numbers with commas between them, not '\u0662'")])
def test_ids_that_are_none(refused, write_gguf, ids, message):
    line = refused("logits", write_gguf(), "--ids", ids, "--out", "/dev/null")
    assert line == message


def test_ids_with_zeros_before_them(celosia, write_gguf):
    expected = celosia("logits", write_gguf(), "--ids", "0,7", "--out", "-")
    assert celosia("logits", write_gguf(), "--ids", f"{'0' * 5000}, {'0' * 5000}7", "--out", "-") == expected


@pytest.mark.parametrize("state, message", [
    ("a file", "cannot be used: it is not a folder"), ("below a file", "cannot be used: it is not a folder"),
    ("/proc/nope", "cannot be used: No such file or directory"), ("open to all", "can be written by others, ")])
def test_caches_that_cannot_be_used(refused, tmp_path, monkeypatch, write_gguf, state, message):
    path = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "x", "/proc/nope": "/proc/nope",
            "open to all": tmp_path / "open"}[state]
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.setenv("CELOSIA_CACHE", str(path))
    line = refused("generate", write_gguf(), "--tokens", 1)
    assert line.startswith(f"cache folder {path} {message}")
    assert line.endswith("the environment variable CELOSIA_CACHE can name another folder")
