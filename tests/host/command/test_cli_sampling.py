"""Options of `celosia generate` that choose tokens and end the text."""

import json

import pytest


@pytest.fixture
def generate(celosia, tmp_path):
    """Function (*arguments) -> (text on stdout, report) of the demo model on the golden model."""
    def run(*arguments):
        report = tmp_path / "report.json"
        status, out, err = celosia("generate", "--engine", "model", "--json", report, *arguments)
        assert status == 0, err
        contents = json.loads(report.read_text())
        assert contents["text"].encode() == out
        return contents["text"], contents
    return run


def test_stop_text_is_not_printed(generate):
    whole, _ = generate("--tokens", 40)
    text, report = generate("--tokens", 40, "--stop", "little", "--stop", ".")
    assert report["stop_reason"] == "stop"
    assert text == whole[:min(whole.index("little"), whole.index("."))]
    # One that is spread over several tokens, the end of the text right behind it.
    part = whole[15:24]
    text, report = generate("--tokens", 40, "--stop", part)
    assert text == whole[:whole.index(part)] and report["stop_reason"] == "stop"


def test_stop_text_that_never_comes(generate):
    whole, expected = generate("--tokens", 20)
    # The last character could begin it: it is held back, and comes with the end.
    text, report = generate("--tokens", 20, "--stop", whole[-1] + "\0")
    assert (text, report["stop_reason"]) == (whole, "tokens") and report["tokens"] == expected["tokens"]


def test_stop_text_in_the_prompt_does_not_count(generate):
    text, report = generate("--prompt", "Tom had a red ball.", "--tokens", 3, "--stop", "ball")
    assert text.startswith("Tom had a red ball.") and report["stop_reason"] == "tokens"


@pytest.mark.parametrize("option", [("--top-k", 1), ("--top-p", 0), ("--min-p", 1)])
def test_one_token_left_is_greedy(generate, option):
    hot = "--tokens", 12, "--temperature", 3, "--seed", 7
    greedy, _ = generate("--tokens", 12)
    assert generate(*hot, *option)[0] == greedy != generate(*hot)[0]


def test_penalty_changes_greedy_text(generate):
    """With the largest penalty on all of the text, no token comes twice."""
    _, plain = generate("--tokens", 40)
    _, report = generate("--tokens", 40, "--repeat-penalty", 1000, "--repeat-last-n", -1)
    assert len(set(plain["tokens"])) < len(plain["tokens"])
    assert len(set(report["tokens"])) == len(report["tokens"])


@pytest.mark.parametrize("arguments, message", [
    (["--top-k", "-1"], "top-k must be 0 or more, not -1"),
    (["--top-p", "1.1"], "top-p must be 0 to 1, not 1.1"),
    (["--min-p", "nan"], "min-p must be 0 to 1, not nan"),
    (["--repeat-penalty", "-1"], "repeat penalty must be 0.001 to 1000, not -1.0"),
    (["--repeat-last-n", "-5"], "repeat last n must be -1 or more, not -5"),
    (["--stop", ""], "stop text must not be empty"),
])
def test_bad_options(refused, arguments, message):
    assert refused("generate", "--engine", "model", *arguments) == message


def test_integers(generate):
    """The sampler of the firmware; without a temperature there is nothing to draw."""
    options = ("--prompt", "Once", "--tokens", 12, "--temperature", "1", "--seed", 3, "--top-k", 40)
    text, report = generate(*options, "--integers")
    assert (text, report["tokens"]) != generate(*options) and len(report["tokens"]) <= 12
    assert generate(*options, "--integers")[0] == text
    assert generate("--tokens", 12, "--integers")[0] == generate("--tokens", 12)[0]


@pytest.mark.parametrize("options, message", [
    (("--min-p", "0.1"), "integers know neither min-p nor a repeat penalty"),
    (("--repeat-penalty", "1.1"), "integers know neither min-p nor a repeat penalty"),
    (("--temperature", "101"), "temperature must be 0, or 0.01 to 100, for a board, not 101.0"),
])
def test_what_integers_cannot_do(refused, options, message):
    assert refused("generate", "--integers", *options) == message
