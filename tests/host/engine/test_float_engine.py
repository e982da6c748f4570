"""The float engine against forward passes of others."""

import numpy as np
import pytest

from host.text import tokenizer
from host.engine import FloatEngine
from host.errors import CelosiaError
from host.gguf.model import load


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("name", ["F16", "BF16", "Q8_0", "Q4_0"])
def test_ideal_logits(data_dir, name):
    """Rounded to float32, as the reference is stored, every logit has the same bits."""
    reference = np.load(data_dir / "formats" / "tiny-logits.npz")
    logits = FloatEngine(load(data_dir / "formats" / f"tiny-{name}.gguf")).logits(reference["tokens"])
    assert logits.dtype == np.float64
    assert relative(logits.astype(np.float32), reference[f"{name}/ideal"]) < 1e-9


def test_published_greedy_text(data_dir):
    """llama2.c's 200 steps: BOS goes in first, each step feeds one token and prints the next."""
    folder = data_dir / "stories260K"
    model = load(folder / "stories260K.gguf")
    engine, tokens = FloatEngine(model), tokenizer.load(model)
    token, text = tokens.bos, ""
    stream = tokens.decode_stream()
    for _ in range(200):
        token = int(engine.step(token).argmax())
        text += stream.push(token)
    assert engine.position == 200
    assert text + stream.flush() == (folder / "expected_stdout_200.txt").read_text()


@pytest.mark.parametrize("kind", ["F32", "Q8_0"])
def test_any_split_into_steps_gives_the_same_logits(write_gguf, kind):
    ids = np.random.default_rng(3).integers(0, 272, 30)
    engine = FloatEngine(load(write_gguf(ggml_type=kind)))
    whole = engine.logits(ids)
    engine.reset()
    assert relative(np.stack([engine.step(id) for id in ids]), whole) < 1e-13
    engine.reset()
    parts = [engine.forward(part) for part in np.split(ids, [7, 8, 20])]
    assert relative(np.concatenate(parts), whole) < 1e-13
    assert relative(FloatEngine(engine.model, weight_bytes=0).logits(ids), whole) < 1e-13


def test_causal(write_gguf):
    engine = FloatEngine(load(write_gguf()))
    ids = np.arange(10, 20)
    before = engine.logits(ids)
    ids[6] = 5
    after = engine.logits(ids)
    assert np.array_equal(before[:6], after[:6])
    assert all(relative(after[i], before[i]) > 1e-6 for i in range(6, 10))


def test_against_a_scalar_forward_pass(write_gguf, micro_tensors):
    """The paper's formulas, one number at a time, with frequency factors and part of each head rotated."""
    model = load(write_gguf({"llama.rope.dimension_count": 4, "llama.rope.freq_base": 100.0},
                            {"rope_freqs.weight": (np.array([1.5, 3.0], np.float32), "F32")}))
    w = {name: tensor.dequantise(dtype=np.float64) for name, tensor in model.tensors.items()}
    eps = model.hyperparameters.norm_eps

    def norm(x, name):
        root = np.sqrt(sum(value * value for value in x) / len(x) + eps)
        return [value / root * gain for value, gain in zip(x, w[name][0])]

    def heads(name, x, position=None):
        flat = w[f"blk.0.attn_{name}.weight"] @ x
        split = [list(flat[i:i + 8]) for i in range(0, len(flat), 8)]
        for head in split if position is not None else ():
            for pair, factor in ((0, 1.5), (1, 3.0)):
                angle = position * 100.0 ** (-2 * pair / 4) / factor
                turned = complex(head[2 * pair], head[2 * pair + 1]) * np.exp(1j * angle)
                head[2 * pair], head[2 * pair + 1] = turned.real, turned.imag
        return split

    ids, keys, values = [7, 100, 271, 7], [], []
    logits = FloatEngine(model).logits(ids)
    for position, id in enumerate(ids):
        x = w["token_embd.weight"][id]
        n = norm(x, "blk.0.attn_norm.weight")
        queries = heads("q", n, position)
        keys.append(heads("k", n, position))
        values.append(heads("v", n))
        mixed = []
        for head, query in enumerate(queries):
            scores = [np.exp(np.dot(query, key[head // 2]) / np.sqrt(8)) for key in keys]
            mixed += list(sum(s * np.array(v[head // 2]) for s, v in zip(scores, values)) / sum(scores))
        x = x + w["blk.0.attn_output.weight"] @ mixed
        n = norm(x, "blk.0.ffn_norm.weight")
        gate, up = w["blk.0.ffn_gate.weight"] @ n, w["blk.0.ffn_up.weight"] @ n
        x = x + w["blk.0.ffn_down.weight"] @ [g / (1 + np.exp(-g)) * u for g, u in zip(gate, up)]
        assert relative(logits[position], w["token_embd.weight"] @ norm(x, "output_norm.weight")) < 1e-13


def test_context(write_gguf):
    model = load(write_gguf())
    with pytest.raises(CelosiaError, match="context must be 1 to 32, not 33$"):
        FloatEngine(model, 33)
    with pytest.raises(CelosiaError, match="context must be 1 to 32, not 0$"):
        FloatEngine(model, 0)
    engine = FloatEngine(model, 4)
    with pytest.raises(CelosiaError, match="^5 tokens do not fit the context of 4$"):
        engine.logits(range(5))
    assert engine.position == 0
    expected = engine.logits(range(4))
    with pytest.raises(CelosiaError, match="^5 tokens do not fit the context of 4$"):
        engine.step(1)
    assert np.array_equal(engine.logits(range(4)), expected)


@pytest.mark.parametrize("id", [-1, 272])
def test_token_outside_the_vocabulary(write_gguf, id):
    with pytest.raises(CelosiaError, match=f"^Token id must be below 272, not {id}$"):
        FloatEngine(load(write_gguf())).step(id)
