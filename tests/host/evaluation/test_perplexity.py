"""Perplexity against llama.cpp's definition, written out as loops over positions."""

import math

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.text import tokenizer
from host.engine import FloatEngine
from host.engine.rows import Rows
from host.engine.engines import open_engine
from host.gguf.model import load
from host.evaluation.perplexity import Perplexity, evaluate, split_paragraphs, split_text

TEXT = "a lost stable, a tale told so late. " * 12


def losses(model, ids, positions):
    """-log probability of ids[p] after ids[:p], each from a forward pass of its own."""
    result = []
    for position in positions:
        logits = FloatEngine(model).logits(ids[:position])[-1]
        result.append(math.log(math.fsum(np.exp(logits))) - logits[ids[position]])
    return result


def last(results):
    *_, result = results
    return result


@pytest.mark.parametrize("context", [8, 9])
def test_chunks(write_gguf, context):
    model = load(write_gguf())
    tokens = tokenizer.load(model)
    ids = tokens.encode(TEXT)
    chunks = split_text(tokens, TEXT, context)
    assert len(chunks) == len(ids) // context
    assert chunks[0].ids == ids[:context]
    assert chunks[2].ids == [tokens.bos] + ids[2 * context + 1:3 * context]
    scored = range(context // 2 + 1, context)
    expected = [loss for chunk in chunks for loss in losses(model, chunk.ids, scored)]
    result = last(evaluate(open_engine("float", model, config=None), chunks))
    np.testing.assert_allclose(result.losses, expected, rtol=1e-12)


def test_a_model_without_bos_keeps_the_first_token(write_gguf):
    tokens = tokenizer.load(load(write_gguf({"tokenizer.ggml.add_bos_token": False})))
    ids = tokens.encode(TEXT)
    assert [chunk.ids for chunk in split_text(tokens, TEXT, 8)][1] == ids[8:16]


def test_figures():
    """llama.cpp's error: sqrt((mean of squares - square of mean) / (n - 1)), times the perplexity."""
    bits = np.array([2, 1, 2, 3])
    result = Perplexity(bits * math.log(2))
    assert result.mean == pytest.approx(2 * math.log(2)) and result.value == pytest.approx(4)
    error = math.sqrt((np.mean(bits**2) - 4) / 3) * math.log(2)
    assert result.mean_error == pytest.approx(error) and result.error == pytest.approx(4 * error)
    assert Perplexity(np.array([1.0])).error == math.inf
    assert Perplexity(np.array([1e3, 1e3 + 1])).value == math.inf


def test_paragraphs(write_gguf):
    model = load(write_gguf())
    tokens = tokenizer.load(model)
    chunks = split_paragraphs(tokens, "\n lost \n \n\nat\nlast\n", 32)
    assert [chunk.ids for chunk in chunks] == [
        [*tokens.encode(text), tokens.eos] for text in ("lost", "at\nlast")]
    expected = [loss for chunk in chunks for loss in losses(model, chunk.ids, range(1, len(chunk.ids)))]
    fed = []
    result = last(evaluate(open_engine("float", model, config=None), chunks, progress=lambda: fed.append(1)))
    np.testing.assert_allclose(result.losses, expected, rtol=1e-12)
    assert len(fed) == sum(len(chunk.ids) - 1 for chunk in chunks)


@pytest.mark.parametrize("start", [0, 3, 6, 7, 9])
@pytest.mark.parametrize("name, config", [("float", None), ("model", "micro"), ("model", "sim-wide")])
def test_reading_in_groups_gives_the_logits_of_single_steps(write_gguf, name, config, start):
    model, ids = load(write_gguf()), [1, 5, 9, 200, 7, 7, 100]
    engine = open_engine(name, model, config=config and CONFIGS[config], context=16)
    expected = [engine.extend([token], rows=Rows.ALL)[0] for token in ids]
    for _ in range(2):  # a text that is read does not see the one before
        found = list(engine.read(ids, start=start))
        assert len(found) == len(ids) and all(logits is None for logits in found[:start])
        for logits, wanted in zip(found[start:], expected[start:]):
            np.testing.assert_allclose(logits, wanted, rtol=1e-6 if name == "float" else 0)


def test_model_is_close_to_float(write_gguf):
    model = load(write_gguf())
    chunks = split_text(tokenizer.load(model), TEXT, 16)[:4]
    float_, bits = (last(evaluate(open_engine(name, model, config=CONFIGS["micro"], context=16), chunks))
                    for name in ("float", "model"))
    assert bits.value == pytest.approx(float_.value, rel=1e-4)
    assert (bits.losses != float_.losses).any()
