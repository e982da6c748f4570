"""Every architecture on a small file: what is read, and what is refused."""

import math
import re

import numpy as np
import pytest

from host.arch.choices import Activation, NormKind, Pooling
from host.arch.features import features
from host.gguf.model import load
from testing.tiny_models import TINY
from testing.tiny_runs import DECODERS, refusal, tensors_of

OPTIONAL = {
    "llama": {"output.weight"}, "qwen2": {"output.weight"}, "phi2": {"output.weight"}, "phi3": {"output.weight"},
    "stablelm": {"output.weight", "blk.1.attn_q_norm.weight", "blk.1.attn_k_norm.weight"},
    "gptneox": {"output.weight"}}


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
            assert refusal(path) == f"tensor {tensor!r} is missing"


@pytest.mark.parametrize("name", TINY)
def test_shapes_of_tensors(tiny, name):
    """Each tensor with a row, or an element, more than it should have."""
    for tensor, values in tensors_of(name).items():
        longer = np.concatenate([values, values[:1]])
        if tensor != "token_embd.weight":
            assert refusal(tiny(name, tensors={tensor: longer})) == \
                f"tensor {tensor!r} must have shape {values.shape}, not {longer.shape}"


@pytest.mark.parametrize("name", TINY)
def test_keys_and_tensors_of_others(tiny, name):
    assert refusal(tiny(name, {"altup.active_idx": 1})) == \
        f"metadata key '{name}.altup.active_idx' must be absent (it is not known), not 1"
    assert refusal(tiny(name, {"expert_count": 8})) == \
        f"metadata key '{name}.expert_count' must be absent or 0 (it is not supported), not 8"
    assert refusal(tiny(name, {"attention.clamp_kqv": 8.0})) == \
        f"metadata key '{name}.attention.clamp_kqv' must be absent or 0 (it is not supported), not 8.0"
    assert refusal(tiny(name, tensors={"blk.0.attn_sinks.weight": np.zeros(4)})) == \
        "tensor 'blk.0.attn_sinks.weight' is not supported"
    causal = "bert" not in name
    assert refusal(tiny(name, {"attention.causal": not causal})) == \
        f"metadata key '{name}.attention.causal' must be absent or {causal} (it is not supported), not {not causal}"
    if name != "granite":
        assert refusal(tiny(name, {"residual_scale": 0.5})) == \
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
    assert refusal(tiny(name, keys)) == f"metadata key {expected}"


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


@pytest.mark.parametrize("name", DECODERS)
def test_soft_caps_are_of_those_that_have_them(tiny, name):
    if "gemma" not in name:
        assert re.fullmatch(r"metadata key '\S+' must be absent or 0 \(it is not supported\), not 3.0",
                            refusal(tiny(name, {"attn_logit_softcapping": 3.0})))


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
