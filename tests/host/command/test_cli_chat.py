"""`celosia chat` with turns from a pipe and from a terminal."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from host.command import chat as chat_command
from host.text.conversation import Conversation
from testing.micro_model import METADATA

TOKENS, TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
NAMES = "chatml, llama2, llama3, gemma, mistral, phi3, zephyr, vicuna, alpaca"


@pytest.fixture
def model(write_gguf):
    """The micro model with two control tokens and a template."""
    words, kinds = list(METADATA[TOKENS]), list(METADATA[TYPES])
    words[251], kinds[251], words[252], kinds[252] = "<go>", 3, "<end>", 3
    return write_gguf({
        TOKENS: words, TYPES: kinds, "tokenizer.ggml.eot_token_id": 252, "llama.context_length": 128,
        "tokenizer.chat_template": "{% for m in messages %}<go>{{ m.content }}<end>{% endfor %}<go>"})


@pytest.fixture
def chat(celosia, model, monkeypatch):
    """Function (turns, *arguments) -> what `celosia` returns."""
    def run(turns, *arguments, path=None):
        data = turns if isinstance(turns, bytes) else turns.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return celosia("chat", path or model, "--engine", "float", "--tokens", 5, *arguments)
    return run


def replies(out):
    return [json.loads(line) for line in out.decode().splitlines()]


def test_replies(chat):
    status, out, err = chat("a lost code\ntold\n")
    assert (status, err) == (0, "")
    _, lines, _ = chat("a lost code\ntold\n", "--json", "-")
    first, second = replies(lines)
    assert out.decode() == f"{first['content']}\n{second['content']}\n"
    assert first["role"] == "assistant" and len(first["tokens"]) == 5 and first["stop_reason"] == "tokens"
    assert (first["kept_tokens"], second["kept_tokens"]) == (0, first["prompt_tokens"] + 4)


def test_json_in_a_file(chat, tmp_path):
    _, out, _ = chat("a\nb\n", "--json", tmp_path / "replies")
    lines = replies((tmp_path / "replies").read_bytes())
    assert out.decode() == "".join(line["content"] + "\n" for line in lines) and len(lines) == 2


def test_engines_say_the_same(celosia, model, monkeypatch):
    outs = []
    for engine in ("model", "rtl"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a lost code\ntold\n")))
        status, out, _ = celosia("chat", model, "--engine", engine, "--config", "micro", "--context", 64, "--tokens", 3,
                                 "--json", "-")
        assert status == 0
        outs.append(replies(out))
    assert [[line["content"], line["tokens"], line["kept_tokens"]] for line in outs[0]] == [
        [line["content"], line["tokens"], line["kept_tokens"]] for line in outs[1]]
    assert outs[0][0]["cycles_per_token"] is None and outs[1][0]["cycles_per_token"] > 1000


def test_commands(chat, tmp_path):
    path = tmp_path / "saved.json"
    status, out, err = chat(f"a lost code\n/save {path}\n/reset\na lost code\n/quit\nnever\n", "--system", "be",
                            "--json", "-")
    assert status == 0 and err == f"celosia: 3 messages in {path}\n"
    first, second = replies(out)
    assert first["tokens"] == second["tokens"] and second["kept_tokens"] == 0
    assert json.loads(path.read_text()) == {"messages": [
        {"role": "system", "content": "be"}, {"role": "user", "content": "a lost code"},
        {"role": "assistant", "content": first["content"]}]}


def test_turn_of_several_lines(chat, tmp_path):
    path = tmp_path / "saved.json"
    chat(f"a\\\nb\r\n\n  \n/save {path}\n")
    assert [message["content"] for message in json.loads(path.read_text())["messages"]][::2] == ["a\nb"]


@pytest.mark.parametrize("turns, message", [
    ("/what\n", "commands are /reset, /save FILE and /quit, not '/what'; a space in front makes it a turn"),
    ("/save\n", "commands are /reset, /save FILE and /quit, not '/save'; a space in front makes it a turn"),
    ("/save -\n", "/save needs the name of a file, not -"),
    (b"\xff\n", "stdin: line 1 must be UTF-8, which byte 0 of it is not"),
])
def test_bad_turns(chat, turns, message):
    assert chat(turns) == (2, b"", f"celosia: {message}\n")


def test_full_context(chat):
    status, out, err = chat("a\n" + "word " * 40 + "\n", "--context", 40)
    assert status == 2 and out.count(b"\n") >= 1
    assert err.startswith("celosia: context of 40 positions is full: with this turn the conversation has ")


def test_reply_that_fills_the_context(celosia, model, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a lost code\n")))
    status, out, err = celosia("chat", model, "--engine", "float", "--context", 20, "--json", "-")
    assert (status, replies(out)[0]["stop_reason"]) == (0, "context")
    assert err == ("celosia: stopped: the context of 20 positions is full; /reset begins anew, /save FILE keeps what "
                   "was said\n")


def test_file_without_a_template(chat, write_gguf):
    path = write_gguf({"llama.context_length": 128})
    assert chat("a\n", path=path) == (
        2, b"", f"celosia: {path}: the file has no chat template; --template NAME takes one of {NAMES}\n")
    status, out, err = chat("a\n", "--template", "alpaca", "--context", 100, path=path)
    assert (status, err) == (0, "") and out.endswith(b"\n")


def test_template_that_fails(chat, write_gguf):
    path = write_gguf({"tokenizer.chat_template": "{{ raise_exception('no system prompt') }}"})
    assert chat("a\n", path=path) == (2, b"", f"celosia: {path}: chat template 'default': no system prompt\n")


@pytest.mark.parametrize("arguments, message", [
    (["--template", "x"], f"template must be one of {NAMES}, not 'x'"),
    (["--tokens", "0"], "tokens must be 1 or more, not 0"),
    (["--engine", "board"], "the engine board and --port PATH go together"),
    (["--memory", "ulx3s"], "memory needs the engine rtl, not float"),
    (["--config", "x"], "configuration must be one of "),
])
def test_bad_options(chat, arguments, message):
    status, out, err = chat("a\n", *arguments)
    assert (status, out) == (2, b"") and err.startswith(f"celosia: {message}")


def test_interrupt(celosia, model, monkeypatch):
    """Where somebody sits in front of it, it ends the reply alone, and the conversation goes on."""
    says = Conversation.say

    def say(self, content):
        for index, piece in enumerate(says(self, content)):
            if content == "a lost code" and index == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield piece

    monkeypatch.setattr(Conversation, "say", say)
    monkeypatch.setattr(chat_command, "_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a lost code\ntold\n")))
    status, out, err = celosia("chat", model, "--engine", "float", "--tokens", 9, "--json", "-")
    first, second = replies(out)
    assert (status, err) == (0, "> > > ")
    assert first["stop_reason"] == "interrupt" and 1 <= len(first["tokens"]) < 9
    assert second["stop_reason"] == "tokens" and second["kept_tokens"] > 0


def test_second_interrupt_is_one_as_ever(monkeypatch):
    monkeypatch.setattr(chat_command, "_interactive", lambda: True)
    # As from a terminal: what runs in the background has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            with chat_command._interrupt_flag() as seen:
                os.kill(os.getpid(), signal.SIGINT)
                assert seen == [signal.SIGINT]
                os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_terminal(model):
    """A prompt before each turn, and mistakes that cost nothing."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "host", "chat", model, "--engine", "float", "--tokens", "3"],
        stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    seen = b""

    def wait_for(text, times=1):
        nonlocal seen
        while seen.count(text) < times:
            seen += os.read(leader, 4096)

    try:
        wait_for(b"> ")
        os.write(leader, b"a lost code\n")
        wait_for(b"> ", 2)
        os.write(leader, b"/oops\n")
        wait_for(b"celosia: commands are /reset, /save FILE and /quit, not '/oops'")
        wait_for(b"> ", 3)
        os.write(leader, b"/quit\n")
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
