"""Every architecture on a small file: what must make a difference to its results, and what must not."""

import numpy as np
import pytest

from host.engine.float_engine import FloatEngine
from host.errors import CelosiaError
from host.gguf.model import load
from host.gguf.requantisation import Requantisation
from testing.tiny_models import TINY, tiny_model
from testing.tiny_runs import DECODERS, IDS, compute, distance, refusal, tensors_of


@pytest.mark.parametrize("name", DECODERS)
def test_any_split_into_steps_gives_the_same_logits(tiny, name):
    engine = FloatEngine(load(tiny(name)))
    whole = engine.logits(IDS)
    assert np.isfinite(whole).all()
    engine.reset()
    assert distance(np.concatenate([engine.forward(part) for part in np.split(IDS, [1, 5, 9])]), whole) < 1e-13
    assert distance(FloatEngine(engine.model, weight_bytes=0).logits(IDS), whole) < 1e-13
    with pytest.raises(CelosiaError, match=f": architecture '{name}' predicts tokens: it is no encoder$"):
        engine.states(IDS)


@pytest.mark.parametrize("name", TINY)
def test_every_tensor_counts(tiny, name):
    """A tensor that nobody read would change nothing; that of a type of tokens that no text has is the only one."""
    path = tiny(name)
    plain = compute(path)
    for tensor, values in tensors_of(name).items():
        changed = values.copy()
        changed[..., 0] *= 1.5
        # Scores do not know a bias of all keys.
        least = 0 if "attn_k.bias" in tensor else 1e-7
        assert distance(compute(tiny(name, tensors={tensor: changed})), plain) >= least, tensor


@pytest.mark.parametrize("name", [name for name in TINY if name not in ("llama", "smollm3", "granite", "gpt2", "bert")])
def test_rows_in_the_order_of_the_accelerator(tiny, name, monkeypatch):
    """With the rows of queries and keys, their biases and norm weights in the order in which they go to memory,
    neighbours turn together, and the result is the same."""
    path = tiny(name)
    plain, model = compute(path), load(path)
    _metadata, tensors = tiny_model(name)
    ordered = {tensor: values[model.specs[tensor].order] if values.ndim == 1 or model.is_matrix(tensor) else
               values[:, model.specs[tensor].order]
               for tensor, values in tensors.items() if model.specs[tensor].order is not None}
    assert {tensor.split(".", 2)[2] for tensor in ordered} >= (
        {"attn_qkv.weight"} if model.hyperparameters.fused_qkv else {"attn_q.weight", "attn_k.weight"})
    # Of one position alone nothing turns.
    assert distance(compute(tiny(name, tensors=ordered)), plain) > 1e-3
    monkeypatch.setattr(type(model.architecture), "halves", False)
    for kind in model.hyperparameters.kinds:
        object.__setattr__(kind.rope, "halves", False)
    again = load(tiny(name, tensors=ordered))
    object.__setattr__(again, "hyperparameters", model.hyperparameters)
    engine = FloatEngine(again)
    assert distance((engine.logits if model.hyperparameters.causal else engine.states)(IDS), plain) < 1e-12


def test_fused_matrices_are_the_separate_ones(tiny):
    _metadata, tensors = tiny_model("phi2")
    fused = {}
    for layer in (0, 1):
        for kind in ("weight", "bias"):
            parts = [f"blk.{layer}.attn_{name}.{kind}" for name in "qkv"]
            fused |= dict.fromkeys(parts) | {
                f"blk.{layer}.attn_qkv.{kind}": np.concatenate([tensors[part] for part in parts])}
    assert distance(compute(tiny("phi2", tensors=fused)), compute(tiny("phi2"))) < 1e-13


def test_phi3_without_window_is_llama(tiny):
    """With the matrices taken apart, and rows so that neighbours turn together."""
    _metadata, tensors = tiny_model("phi3")
    apart = {}
    head = np.array([0, 4, 1, 5, 2, 6, 3, 7])
    for layer in (0, 1):
        qkv, up = tensors[f"blk.{layer}.attn_qkv.weight"], tensors[f"blk.{layer}.ffn_up.weight"]
        apart |= {f"blk.{layer}.{name}.weight": rows for name, rows in (
            ("attn_q", qkv[:32].reshape(4, 8, 32)[:, head].reshape(32, 32)),
            ("attn_k", qkv[32:48].reshape(2, 8, 32)[:, head].reshape(16, 32)),
            ("attn_v", qkv[48:]), ("ffn_gate", up[:64]), ("ffn_up", up[64:]))}
    same = {name: values for name, values in tensors.items() if "attn_qkv" not in name and "ffn_up" not in name}
    phi3 = compute(tiny("phi3", {"attention.sliding_window": 0}))
    assert distance(phi3, compute(tiny("llama", tensors=same | apart))) < 1e-13
    assert distance(compute(tiny("phi3")), phi3) > 1e-2


@pytest.mark.parametrize("name", ["smollm3", "granite"])
def test_what_is_llama_but_for_some_numbers(tiny, name):
    keys = {"granite": {"embedding_scale": 1.0, "residual_scale": 1.0, "logit_scale": 1.0, "attention.scale": None}}
    _metadata, tensors = tiny_model(name, layers=2)
    plain = compute(tiny(name, keys.get(name), layers=2))
    assert distance(plain, compute(tiny("llama", tensors=tensors | {"output.weight": None}))) < 1e-13
    for key, value in (("embedding_scale", 2.0), ("residual_scale", 0.5), ("logit_scale", 2.0),
                       ("attention.scale", 0.5)) if name == "granite" else ():
        changed = compute(tiny(name, keys[name] | {key: value}, layers=2))
        if key == "logit_scale":
            assert distance(changed, plain / 2) < 1e-13
        else:
            assert distance(changed, plain) > 1e-3


@pytest.mark.parametrize("name, keys, reach", [
    ("starcoder2", {"attention.sliding_window": 4}, 3), ("phi3", {}, 5), ("gemma2", {}, 5), ("olmo2", {}, 5),
    ("gemma3", {}, 5)])
def test_a_window(tiny, name, keys, reach):
    """One layer with a window sees itself and so many tokens before."""
    pattern = {"attention.sliding_window_pattern": [True]} if name == "olmo2" else {}
    path = tiny(name, keys | pattern, layers=1)
    before = compute(path)
    for token in range(len(IDS)):
        ids = list(IDS)
        ids[token] = 5
        changed = np.flatnonzero(np.abs(compute(path, ids) - before).max(axis=1) > 1e-9)
        assert changed.tolist() == [*range(token, min(token + reach + 1, len(IDS)))]


@pytest.mark.parametrize("name, reach", [("bert", 32), ("modern-bert", 3)])
def test_an_encoder_sees_both_sides(tiny, name, reach):
    """Of ModernBERT the second layer, which has a window of 6; attention of the first one adds nothing."""
    tensors = {"blk.0.attn_output.weight": np.zeros((32, 32))} if name == "modern-bert" else {}
    path = tiny(name, tensors=tensors, layers=2)
    before = compute(path)
    for token in range(len(IDS)):
        ids = list(IDS)
        ids[token] = 5
        changed = np.flatnonzero(np.abs(compute(path, ids) - before).max(axis=1) > 1e-9)
        assert changed.tolist() == [*range(max(token - reach, 0), min(token + reach + 1, len(IDS)))]


@pytest.mark.parametrize("kind, expected", [
    (1, lambda states: states.mean(axis=0)), (2, lambda states: states[0]), (3, lambda states: states[-1])])
def test_pooling(tiny, kind, expected):
    engine = FloatEngine(load(tiny("bert", {"pooling_type": kind})))
    assert np.array_equal(engine.pooled(IDS), expected(engine.states(IDS)))
    with pytest.raises(CelosiaError, match=": architecture 'bert' makes vectors of texts and no logits$"):
        engine.extend([1])


@pytest.mark.parametrize("keys", [{"pooling_type": 0}, {"pooling_type": None}])
def test_no_pooling(tiny, keys):
    with pytest.raises(CelosiaError, match=": the model makes no single vector of a text: its pooling_type is 0$"):
        FloatEngine(load(tiny("bert", keys))).pooled(IDS)


def test_longrope(tiny):
    """The context decides which factors are taken, and nobody's choice is the original one."""
    short, long = np.array([1, 1.5, 2, 3]), np.array([1, 4, 9, 20])
    tensors = {"rope_factors_short.weight": short, "rope_factors_long.weight": long}
    keys = {"rope.scaling.original_context_length": 16, "rope.scaling.attn_factor": 1.25, "rope.dimension_count": 8}
    path = tiny("phi3", keys, tensors)
    rope = load(path).hyperparameters.ropes["rope"]
    base = 500.0 ** (-np.arange(4) / 4)
    assert np.allclose(rope.frequencies(16), base / short, rtol=1e-7)
    assert np.allclose(rope.frequencies(17), base / long, rtol=1e-7)
    assert rope.magnitude == 1.25 and load(path).hyperparameters.usual_context == 16
    usual = compute(path)
    assert FloatEngine(load(path)).context == 16
    assert distance(compute(path, context=16), usual) == 0
    exchanged = {"rope_factors_short.weight": long, "rope_factors_long.weight": short}
    assert distance(compute(path, context=32), compute(tiny("phi3", keys, exchanged))) == 0
    assert distance(compute(tiny("phi3", keys, tensors), context=32), usual) > 1e-3
    assert refusal(tiny("phi3", keys, tensors | {"rope_factors_short.weight": None})) == \
        "tensor 'rope_factors_short.weight' is missing"
    assert refusal(tiny("phi3", keys, tensors | {"rope_factors_long.weight": np.ones(3)})) == \
        "tensor 'rope_factors_long.weight' must have shape (4,), not (3,)"
    assert refusal(tiny("phi3", keys, tensors | {"rope_factors_long.weight": np.array([1, 2, 0, 4])})) == \
        "tensor 'rope_factors_long.weight' must hold positive numbers"


@pytest.mark.parametrize("name, kept", [
    ("gpt2", {"position_embd.weight"}), ("bert", {"position_embd.weight", "token_types.weight"}),
    ("stablelm", {f"blk.{layer}.attn_{name}_norm.weight" for layer in (0, 1) for name in "qk"})])
def test_quantised_copies_keep_what_is_no_matrix(tiny, tmp_path, name, kept):
    path, copy = tiny(name), tmp_path / "copy.gguf"
    requantisation = Requantisation(path, "Q8_0")
    with open(copy, "wb") as file:
        requantisation.write(file)
    formats = {tensor: load(copy).tensors[tensor].ggml_type for tensor in load(path).tensors}
    matrices = {tensor for tensor in formats if "norm" not in tensor and tensor.endswith("weight")} - kept
    assert {tensor for tensor, kind in formats.items() if kind == "Q8_0"} == matrices
    assert {*formats.values()} == {"F32", "Q8_0"}
    assert distance(compute(copy), compute(path)) < 0.05


def test_residuals_side_by_side_or_not(tiny):
    """GPT-NeoX by its key, StableLM by whether there is a second norm."""
    assert distance(compute(tiny("gptneox")), compute(tiny("gptneox", {"use_parallel_residual": False}))) > 1e-2
    norm = {f"blk.{layer}.ffn_norm.{kind}": np.ones(32) for layer in (0, 1) for kind in ("weight", "bias")}
    assert load(tiny("stablelm")).hyperparameters.parallel
    for flag in (True, False, None):
        assert not load(tiny("stablelm", {"use_parallel_residual": flag}, norm)).hyperparameters.parallel
    assert refusal(tiny("stablelm", {"use_parallel_residual": False})) == "tensor 'blk.0.ffn_norm.weight' is missing"
