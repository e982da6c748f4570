"""Every architecture on a small file: what is read, what is refused, and what must not make a difference."""

import math
import re

import numpy as np
import pytest

from host.arch.choices import Activation, NormKind, Pooling
from host.arch.features import features
from host.engine.float_engine import FloatEngine
from host.errors import CelosiaError
from host.gguf.model import load
from host.gguf.requantisation import Requantisation
from testing.tiny_models import TINY, tiny_model

IDS = [7, 100, 271, 7, 40, 3, 3, 90, 15, 200, 11, 64]
DECODERS = [name for name in TINY if "bert" not in name]
OPTIONAL = {
    "llama": {"output.weight"}, "qwen2": {"output.weight"}, "phi2": {"output.weight"}, "phi3": {"output.weight"},
    "stablelm": {"output.weight", "blk.1.attn_q_norm.weight", "blk.1.attn_k_norm.weight"},
    "gptneox": {"output.weight"}}


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def tensors_of(name):
    """What differs from layer to layer in nothing but values: the tensors of layer 1, and of no layer."""
    _metadata, tensors = tiny_model(name)
    return {tensor: values for tensor, values in tensors.items() if not re.match(r"blk\.[02-9]\.", tensor)}


def message(path):
    with pytest.raises(CelosiaError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)[len(f"{path}: "):]


def compute(path, ids=IDS, **options):
    """Logits, or states."""
    engine = FloatEngine(load(path), **options)
    return (engine.logits if engine.hyperparameters.causal else engine.states)(ids)


@pytest.mark.parametrize("name, expected", [
    ("llama", {}),
    ("qwen2", {}),
    ("qwen3", {"head_dim": 16, "tied": True}),
    ("gemma2", {"tied": True, "attention_cap": 3, "logit_cap": 2, "embedding_scale": math.sqrt(32),
                "activation": Activation.GELU_TANH}),
    ("gemma3", {"layers": 7, "tied": True, "embedding_scale": math.sqrt(32), "activation": Activation.GELU_TANH}),
    ("phi2", {"kv_heads": 4, "norm": NormKind.LAYER, "gated": False, "parallel": True,
              "activation": Activation.GELU_TANH}),
    ("phi3", {"fused_qkv": True}),
    ("smollm3", {"layers": 5, "tied": True}),
    ("granite", {"tied": True, "attention_scale": 0.125, "embedding_scale": 4, "residual_scale": 0.25,
                 "logit_scale": 0.125}),
    ("olmo2", {"layers": 4}),
    ("stablelm", {"norm": NormKind.LAYER, "parallel": True}),
    ("starcoder2", {"norm": NormKind.LAYER, "gated": False, "tied": True, "activation": Activation.GELU_TANH}),
    ("gpt2", {"kv_heads": 4, "norm": NormKind.LAYER, "gated": False, "tied": True, "fused_qkv": True,
              "activation": Activation.GELU_TANH}),
    ("gptneox", {"kv_heads": 4, "norm": NormKind.LAYER, "gated": False, "parallel": True, "fused_qkv": True,
                 "activation": Activation.GELU_ERF}),
    ("bert", {"kv_heads": 4, "norm": NormKind.LAYER, "norm_eps": pytest.approx(1e-12), "gated": False, "causal": False,
              "token_types": 2, "pooling": Pooling.FIRST, "activation": Activation.GELU_ERF, "tied": True}),
    ("modern-bert", {"layers": 4, "kv_heads": 4, "norm": NormKind.LAYER, "causal": False, "fused_qkv": True,
                     "pooling": Pooling.MEAN, "activation": Activation.GELU_ERF, "tied": True}),
])
def test_hyperparameters(tiny, name, expected):
    hp = load(tiny(name)).hyperparameters
    usual = {
        "layers": 2, "dim": 32, "heads": 4, "kv_heads": 2, "head_dim": 8, "ffn": 64, "vocab": 272, "context": 32,
        "norm_eps": pytest.approx(1e-5), "norm": NormKind.RMS, "activation": Activation.SILU, "gated": True,
        "parallel": False, "causal": True, "fused_qkv": False, "attention_scale": None, "attention_cap": None,
        "logit_cap": None, "embedding_scale": 1, "residual_scale": 1, "logit_scale": 1, "pooling": Pooling.NONE,
        "token_types": 0, "tied": False, "bos": 1, "eos": 2}
    assert {key: value for key, value in vars(hp).items() if key != "kinds"} == usual | expected
    assert hp.usual_context == 32


@pytest.mark.parametrize("name, kinds", [
    ("llama", [(8, 500, False, None)]), ("qwen2", [(8, 500, True, None)]), ("qwen3", [(16, 500, True, None)]),
    ("gemma2", [(8, 1e4, True, 6), (8, 1e4, True, None)] * 2),
    ("gemma3", [(8, 300, True, 6)] * 5 + [(8, 1e6, True, None), (8, 300, True, 6)]),
    ("phi2", [(4, 1e4, True, None)]), ("phi3", [(8, 500, True, 6)]),
    ("smollm3", [(8, 500, False, None)] * 3 + [None, (8, 500, False, None)]), ("granite", [(8, 500, False, None)]),
    ("olmo2", [(8, 500, True, 6)] * 3 + [(8, 500, True, None)]), ("stablelm", [(4, 1e4, True, None)]),
    ("starcoder2", [(8, 500, True, None)]), ("gpt2", [None, None]), ("gptneox", [(4, 1e4, True, None)]),
    ("bert", [None, None]), ("modern-bert", [(8, 1600, True, None), (8, 100, True, 6), (8, 100, True, 6),
                                             (8, 1600, True, None)]),
])
def test_kinds_of_layers(tiny, name, kinds):
    """Elements that turn, the base, whether halves turn together, and the window of every layer."""
    hp = load(tiny(name)).hyperparameters
    found = []
    for layer in range(len(kinds)):
        kind = hp.kind(layer)
        found.append(kind.rope and (kind.rope.dim, kind.rope.theta, kind.rope.halves, kind.window))
        assert kind.rope or kind.window is None
    assert found == kinds


@pytest.mark.parametrize("name", TINY)
def test_tensors_that_are_missing(tiny, name):
    for tensor in tensors_of(name):
        path = tiny(name, tensors={tensor: None})
        if tensor in OPTIONAL.get(name, ()):
            assert tensor not in load(path).tensors
        else:
            assert message(path) == f"tensor {tensor!r} is missing"


@pytest.mark.parametrize("name", TINY)
def test_shapes_of_tensors(tiny, name):
    """Each tensor with a row, or an element, more than it should have."""
    for tensor, values in tensors_of(name).items():
        longer = np.concatenate([values, values[:1]])
        if tensor != "token_embd.weight":
            assert message(tiny(name, tensors={tensor: longer})) == \
                f"tensor {tensor!r} must have shape {values.shape}, not {longer.shape}"


@pytest.mark.parametrize("name", TINY)
def test_keys_and_tensors_of_others(tiny, name):
    assert message(tiny(name, {"altup.active_idx": 1})) == \
        f"metadata key '{name}.altup.active_idx' must be absent (it is not known), not 1"
    assert message(tiny(name, {"expert_count": 8})) == \
        f"metadata key '{name}.expert_count' must be absent or 0 (it is not supported), not 8"
    assert message(tiny(name, {"attention.clamp_kqv": 8.0})) == \
        f"metadata key '{name}.attention.clamp_kqv' must be absent or 0 (it is not supported), not 8.0"
    assert message(tiny(name, tensors={"blk.0.attn_sinks.weight": np.zeros(4)})) == \
        "tensor 'blk.0.attn_sinks.weight' is not supported"
    causal = "bert" not in name
    assert message(tiny(name, {"attention.causal": not causal})) == \
        f"metadata key '{name}.attention.causal' must be absent or {causal} (it is not supported), not {not causal}"
    if name != "granite":
        assert message(tiny(name, {"residual_scale": 0.5})) == \
            f"metadata key '{name}.residual_scale' must be absent or 0 or 1 (it is not supported), not 0.5"


@pytest.mark.parametrize("name, keys, expected", [
    ("gemma3", {"attention.sliding_window": None}, "'gemma3.attention.sliding_window' is missing"),
    ("gemma3", {"attention.sliding_window_pattern": [True, False]},
     "'gemma3.attention.sliding_window_pattern' must be a list of 7 booleans, one for each layer, not a list of 2"),
    ("olmo2", {"attention.sliding_window_pattern": 4},
     "'olmo2.attention.sliding_window_pattern' must be a list of 4 booleans, one for each layer, not 4"),
    ("qwen2", {"attention.sliding_window": 6, "attention.sliding_window_pattern": [True, False]},
     "'qwen2.attention.sliding_window_pattern' must be absent (it is not known), not a list of 2"),
    ("gemma2", {"final_logit_softcapping": -1.0},
     "'gemma2.final_logit_softcapping' must be a positive number, not -1.0"),
    ("phi3", {"rope.scaling.type": "su"}, "'phi3.rope.scaling.type' must be 'none', 'linear' or 'yarn', not 'su'"),
    ("qwen3", {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0},
     "'qwen3.rope.scaling.original_context_length' is missing"),
    ("qwen3", {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 8,
               "rope.scaling.yarn_ext_factor": 0.5},
     "'qwen3.rope.scaling.yarn_ext_factor' must be absent or 1 or -1 (it is not supported), not 0.5"),
    ("stablelm", {"use_parallel_residual": 1}, "'stablelm.use_parallel_residual' must be true or false, not 1"),
    ("bert", {"pooling_type": 4}, "'bert.pooling_type' must be one of 0 (none), 1 (mean), 2 (first), 3 (last), not 4"),
    ("bert", {"tokenizer.ggml.token_type_count": None}, "'tokenizer.ggml.token_type_count' is missing"),
    ("modern-bert", {"hidden_activation": "relu"},
     "'modern-bert.hidden_activation' must be absent or gelu (it is not supported), not 'relu'"),
    ("modern-bert", {"attention.sliding_window_pattern": 1 << 30},
     "'modern-bert.attention.sliding_window_pattern' must be at most 256, not 1073741824"),
])
def test_values_that_cannot_be(tiny, name, keys, expected):
    assert message(tiny(name, keys)) == f"metadata key {expected}"


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


def test_order_of_rows(tiny):
    """Two heads of queries, one of keys, whose first four elements turn."""
    spec = load(tiny("stablelm", {"use_parallel_residual": False}, tensors={
        f"blk.{layer}.ffn_norm.{kind}": np.ones(32) for layer in (0, 1) for kind in ("weight", "bias")})).specs
    head = [0, 2, 1, 3, 4, 5, 6, 7]
    assert spec["blk.1.attn_k.weight"].order.tolist() == [*head, *(8 + i for i in head)]
    assert spec["blk.1.attn_q_norm.weight"].order.tolist() == head
    assert spec["blk.1.attn_v.weight"].order is None
    head = [0, 4, 1, 5, 2, 6, 3, 7]
    order = load(tiny("phi3")).specs["blk.0.attn_qkv.weight"].order.tolist()
    assert order == [8 * start + i for start in range(6) for i in head] + [*range(48, 64)]
    assert load(tiny("olmo2")).specs["blk.0.attn_k_norm.weight"].order.tolist() == [*head, *(8 + i for i in head)]


def test_rows_by_name(tiny):
    model = load(tiny("phi3"))
    names = {"attn_q": ("attn_qkv", 0, 32), "attn_k": ("attn_qkv", 32, 16), "attn_v": ("attn_qkv", 48, 16),
             "ffn_gate": ("ffn_up", 0, 64), "ffn_up": ("ffn_up", 64, 64), "ffn_down": ("ffn_down", 0, 32)}
    for name, (tensor, first, count) in names.items():
        part = model.part(f"blk.1.{name}.weight")
        assert (part.tensor.name, part.first, part.count) == (f"blk.1.{tensor}.weight", first, count)
    assert model.part("blk.0.attn_q.bias") is None
    part = load(tiny("gpt2")).part("blk.0.attn_v.bias")
    assert (part.tensor.name, part.first, part.count) == ("blk.0.attn_qkv.bias", 64, 32)


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
    assert message(tiny("phi3", keys, tensors | {"rope_factors_short.weight": None})) == \
        "tensor 'rope_factors_short.weight' is missing"
    assert message(tiny("phi3", keys, tensors | {"rope_factors_long.weight": np.ones(3)})) == \
        "tensor 'rope_factors_long.weight' must have shape (4,), not (3,)"
    assert message(tiny("phi3", keys, tensors | {"rope_factors_long.weight": np.array([1, 2, 0, 4])})) == \
        "tensor 'rope_factors_long.weight' must hold positive numbers"


@pytest.mark.parametrize("keys, kept, magnitude", [
    ({}, [1, 0.75, 0.5, 0.25], 1 + 0.1 * math.log(4)),
    ({"rope.scaling.yarn_beta_fast": 2.0}, [1, 1, 0.625, 0.25], 1 + 0.1 * math.log(4)),
    ({"rope.scaling.yarn_beta_slow": 4.0}, [1, 0.25, 0.25, 0.25], 1 + 0.1 * math.log(4)),
    ({"rope.scaling.yarn_attn_factor": 1.5}, [1, 0.75, 0.5, 0.25], 1.5),
])
def test_yarn(tiny, keys, kept, magnitude):
    """Which share of its frequency each pair keeps."""
    rope = load(tiny("qwen3", {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.freq_base": 10.0,
                               "rope.scaling.original_context_length": 32, "attention.key_length": 8,
                               "attention.value_length": 8} | keys,
                     {f"blk.{layer}.attn_{name}.weight": np.ones(shape) for layer in (0, 1) for name, shape in (
                         ("q", (32, 32)), ("k", (16, 32)), ("v", (16, 32)), ("output", (32, 32)), ("q_norm", (8,)),
                         ("k_norm", (8,)))})).hyperparameters.ropes["rope"]
    assert np.allclose(rope.frequencies(32), 10.0 ** (-np.arange(4) / 4) * kept, rtol=1e-12)
    assert rope.magnitude == pytest.approx(magnitude)


def test_scaling_is_of_layers_that_see_everything(tiny):
    """Gemma 3's linear scaling, OLMo 3's of whatever kind."""
    for name, whole in (("gemma3", 5), ("olmo2", 3)):
        hp = load(tiny(name, {"rope.scaling.type": "linear", "rope.scaling.factor": 8.0})).hyperparameters
        assert (hp.kind(0).rope.scale, hp.kind(whole).rope.scale) == (1, 8)
        assert {*hp.ropes} == {"rope", "rope_window"}


@pytest.mark.parametrize("name, layers, scale", [
    ("gemma2", 46, 8**-0.5), ("gemma2", 2, None), ("gemma3", 62, 8**-0.5), ("gemma3", 7, None)])
def test_scores_of_the_largest_gemma(tiny, name, layers, scale):
    """Whose heads are not the width over their number."""
    keys = {"attention.key_length": 16, "attention.value_length": 16}
    shapes = {"attn_q.weight": (64, 32), "attn_k.weight": (32, 32), "attn_v.weight": (32, 32),
              "attn_output.weight": (32, 64)}
    if name == "gemma3":
        shapes |= {"attn_q_norm.weight": (16,), "attn_k_norm.weight": (16,)}
    tensors = {f"blk.{layer}.{tensor}": np.ones(shape) for layer in range(layers) for tensor, shape in shapes.items()}
    assert load(tiny(name, keys, tensors, layers=layers)).hyperparameters.attention_scale == (
        scale and pytest.approx(scale))


def test_gemma2_of_the_first_days(tiny):
    hp = load(tiny("gemma2", {"attention.sliding_window": None, "attn_logit_softcapping": None,
                              "final_logit_softcapping": None, "context_length": 8192})).hyperparameters
    assert (hp.attention_cap, hp.logit_cap, hp.kind(0).window, hp.kind(1).window) == (50, 30, 4096, None)
    hp = load(tiny("gemma2", {"attn_logit_softcapping": 0.0})).hyperparameters
    assert (hp.attention_cap, hp.logit_cap) == (None, 2)


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


@pytest.mark.parametrize("name", DECODERS)
def test_soft_caps_are_of_those_that_have_them(tiny, name):
    if "gemma" not in name:
        assert re.fullmatch(r"metadata key '\S+' must be absent or 0 \(it is not supported\), not 3.0",
                            message(tiny(name, {"attn_logit_softcapping": 3.0})))


def test_residuals_side_by_side_or_not(tiny):
    """GPT-NeoX by its key, StableLM by whether there is a second norm."""
    assert distance(compute(tiny("gptneox")), compute(tiny("gptneox", {"use_parallel_residual": False}))) > 1e-2
    norm = {f"blk.{layer}.ffn_norm.{kind}": np.ones(32) for layer in (0, 1) for kind in ("weight", "bias")}
    assert load(tiny("stablelm")).hyperparameters.parallel
    for flag in (True, False, None):
        assert not load(tiny("stablelm", {"use_parallel_residual": flag}, norm)).hyperparameters.parallel
    assert message(tiny("stablelm", {"use_parallel_residual": False})) == "tensor 'blk.0.ffn_norm.weight' is missing"


@pytest.mark.parametrize("name, keys, words", [
    ("llama", {"rope.scaling.factor": 4.0}, "RMSNorm; silu with a gate; rope, base 500, positions divided by 4"),
    ("gemma2", {}, "RMSNorm; gelu-tanh with a gate; rope, base 10000; window of 6 in 1 of 2 layers; tied output; "
                   "scores capped at 3; logits capped at 2; embeddings times 5.65685"),
    ("gemma3", {}, "RMSNorm; gelu-tanh with a gate; rope, base 300 in 6 of 7 layers; rope, base 1000000 in 1 of 7 "
                   "layers; window of 6 in 6 of 7 layers; tied output; embeddings times 5.65685"),
    ("phi2", {}, "LayerNorm; gelu-tanh; rope of 4 of 8 elements, base 10000; parallel residual"),
    ("smollm3", {}, "RMSNorm; silu with a gate; rope, base 500 in 4 of 5 layers; tied output"),
    ("granite", {}, "RMSNorm; silu with a gate; rope, base 500; tied output; scores times 0.125; embeddings times 4; "
                    "branches times 0.25; logits times 0.125"),
    ("gpt2", {}, "LayerNorm; gelu-tanh; no rope; tied output"),
    ("bert", {}, "LayerNorm; gelu-erf; no rope; encoder, pooling first"),
])
def test_features(tiny, name, keys, words):
    assert "; ".join(features(load(tiny(name, keys)).hyperparameters)) == words


def test_features_of_longrope(tiny):
    path = tiny("phi3", {"rope.scaling.original_context_length": 16, "rope.scaling.attn_factor": 1.25,
                         "attention.sliding_window": 0},
                {"rope_factors_short.weight": np.ones(4), "rope_factors_long.weight": np.ones(4)})
    assert features(load(path).hyperparameters)[2:] == [
        "rope, base 500, factors, others beyond 16 positions, magnitude 1.25"]
