"""`celosia pack`."""

import json
import re

import pytest

from boards.board import BOARDS
from host.paths import demo_model
from soc.cpu.board_file import BoardFile

PLAIN = re.compile("celosia: .* has no chat template: the board goes on with what is typed; --template NAME chooses a "
                   "conversation\n")


def test_demo_model(celosia, tmp_path):
    path, report = tmp_path / "demo.celosia", tmp_path / "report.json"
    status, out, err = celosia("pack", "--board", "ulx3s", "-o", path, "--json", report, "--temperature", "0.7",
                               "--top-k", 40, "--top-p", "0.9", "--seed", 5, "--tokens", 100, "--context", 128)
    assert status == 0 and PLAIN.fullmatch(err)
    content = path.read_bytes()
    header = BoardFile.from_buffer_copy(content)
    assert out.decode() == (f"{path}: {len(content):,} bytes for ulx3s with configuration ulx3s; context 128, "
                            f"{header.memory_bytes:,} of 33,554,432 bytes of DRAM\n")
    written = json.loads(report.read_text())
    key = BOARDS["ulx3s"].config.image_key
    assert written | {"file": str(path), "image_key": f"{key:016x}", "file_bytes": len(content), "context": 128,
                      "temperature": 45875, "top_k": 40, "top_p": 58982, "seed": 5, "tokens": 100} == written
    assert sum(written["sections"].values()) == len(content)
    assert bytes(header.name).rstrip(b"\0") == b"Celosia Stories"


def test_template(celosia, tmp_path, write_gguf):
    """Of the file, or a known one; with a system prompt."""
    source = ("{% for message in messages %}{% if message.role == 'assistant' %}{{ message.content }}{% else %}"
              "[{{ message.role }}: {{ message.content }}]{% endif %}{% endfor %}")
    path, report = write_gguf({"tokenizer.chat_template": source}), tmp_path / "report.json"

    def turns(*options):
        status, _out, err = celosia("pack", path, "--board", "ecpix5", "-o", tmp_path / "x", "--json", report, *options)
        assert (status, err) == (0, "")
        return json.loads(report.read_text())["turns"]

    assert turns() == {"opening": "[user: ", "between": "[user: ", "closing": "]", "restarts": False, "trims": False}
    assert turns("--system", "S")["opening"] == "[system: S][user: "
    assert turns("--template", "mistral")["between"] == "</s>[INST] "
    assert turns("--template", "plain") == {
        "opening": "", "between": "", "closing": "", "restarts": True, "trims": False}


def test_report_on_stdout(celosia, tmp_path, write_gguf):
    status, out, err = celosia("pack", write_gguf(), "--board", "ulx3s", "-o", tmp_path / "x", "--json", "-")
    assert status == 0 and PLAIN.fullmatch(err) and json.loads(out)["vocab"] == 272


@pytest.mark.parametrize("options, message", [
    (("--board", "pynq_z1"), "board must be one of ulx3s, ecpix5, orangecrab, arty_a7, not 'pynq_z1'"),
    ((), "board must be one of ulx3s, ecpix5, orangecrab, arty_a7, not None"),
    (("--board", "ulx3s"), "pack needs a file to write: -o FILE"),
    (("--board", "ulx3s", "-o", "-"), "pack needs a file to write: -o FILE"),
    (("--board", "ulx3s", "-o", "x", "--temperature", "200"),
     "temperature must be 0, or 0.01 to 100, for a board, not 200.0"),
    (("--board", "ulx3s", "-o", "x", "--tokens", "0"), "tokens must be 1 or more, not 0"),
    (("--board", "ulx3s", "-o", "x", "--system", "Be brief."),
     "system needs a chat template: choose one with --template NAME"),
    (("--board", "ulx3s", "-o", "x", "--template", "vicuna"),
     f"{demo_model()}: what ends a reply must be a token for a board, and the vocabulary has no 'USER:'"),
    (("--board", "ulx3s", "-o", "/nowhere/x", "--template", "plain"),
     "cannot write /nowhere/x: No such file or directory"),
])
def test_refused(refused, monkeypatch, tmp_path, options, message):
    monkeypatch.chdir(tmp_path)
    assert refused("pack", *options) == message
    assert not list(tmp_path.iterdir())


def test_vocabulary_that_a_board_has_no_tokenizer_for(refused, tmp_path, write_gguf):
    path = write_gguf({
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "falcon", "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.bos_token_id": None})
    message = refused("pack", path, "--board", "ulx3s", "-o", tmp_path / "x", "--template", "plain")
    assert message.startswith(f"{path}: the pre-tokenizer must be one that a board has: gpt-2, ")
    assert message.endswith(", not 'falcon'")
    assert not (tmp_path / "x").exists()
