"""Where a generation ends: at tokens that no key of the file names, too."""

import pytest

from gateware.config import CONFIGS
from host.engine.engines import EngineName, open_engine
from host.gguf.model import load
from host.text import tokenizer
from host.text.generation import Generation, StopReason
from host.text.sampler import Sampler
from testing.micro_model import METADATA

PROMPT = "a lost code"
TOKENS = "tokenizer.ggml.tokens"
TYPES = "tokenizer.ggml.token_type"


def generated(path):
    model = load(path)
    engine = open_engine(EngineName.MODEL, model, config=CONFIGS["sim"])
    generation = Generation(engine, tokenizer.load(model), Sampler(), prompt=PROMPT, tokens=4)
    assert "".join(generation) == generation.text
    return generation


@pytest.fixture
def usual(write_gguf):
    """Ids that the micro model generates: four, none of which ends the text."""
    generation = generated(write_gguf())
    assert generation.stop_reason == StopReason.TOKENS and len(generation.ids) == 4
    return generation.ids


@pytest.mark.parametrize("spelling", [
    "<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "<|eom_id|>"])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_token_that_is_spelled_like_an_end(write_gguf, usual, spelling, kind):
    """The file's type of it does not matter, and it is no part of the text."""
    end = usual[1]
    words, kinds = list(METADATA[TOKENS]), list(METADATA[TYPES])
    words[end], kinds[end] = spelling, kind
    generation = generated(write_gguf({TOKENS: words, TYPES: kinds}))
    assert generation.ids == usual[:2] and generation.stop_reason == StopReason.END
    assert spelling not in generation.text and generation.text.startswith(PROMPT)


@pytest.mark.parametrize("key", ["eos", "eot", "eom"])
def test_token_that_a_key_names(write_gguf, usual, key):
    """An ordinary word, of which nothing is printed."""
    path = write_gguf({f"tokenizer.ggml.{key}_token_id": usual[0]})
    generation = generated(path)
    assert generation.ids == usual[:1] and generation.stop_reason == StopReason.END
    assert generation.text == PROMPT
