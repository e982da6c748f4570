"""A model of random weights for every architecture, with the keys and tensors that converted files have."""

import numpy as np

from testing.micro_model import METADATA

__all__ = ["TINY", "tiny_model"]

# Four heads of 8 over two KV heads, but for the families whose heads all have K and V of their own.
_SIZES = {"block_count": 2, "context_length": 32, "embedding_length": 32, "feed_forward_length": 64,
          "attention.head_count": 4}
_GROUPED = _SIZES | {"attention.head_count_kv": 2}
_RMS = {"attention.layer_norm_rms_epsilon": 1e-5}
_LAYER = {"attention.layer_norm_epsilon": 1e-5}
_ROPE = {"rope.freq_base": 500.0}
_HEAD = {"attention.key_length": 8, "attention.value_length": 8}

_EMBEDDING = {"token_embd.weight": (272, 32)}
_OUTPUT = {"output.weight": (272, 32)}
_LAST = {"output_norm.weight": (32,)}
_LAST_BIAS = _LAST | {"output_norm.bias": (32,)}

_ATTENTION = {"attn_q.weight": (32, 32), "attn_k.weight": (16, 32), "attn_v.weight": (16, 32),
              "attn_output.weight": (32, 32)}
_FULL = _ATTENTION | {"attn_k.weight": (32, 32), "attn_v.weight": (32, 32)}
_FUSED = {"attn_qkv.weight": (96, 32), "attn_output.weight": (32, 32)}
_FUSED_BIAS = {"attn_qkv.bias": (96,), "attn_output.bias": (32,)}
_QKV_BIAS = {"attn_q.bias": (32,), "attn_k.bias": (16,), "attn_v.bias": (16,)}
_GATED = {"ffn_gate.weight": (64, 32), "ffn_up.weight": (64, 32), "ffn_down.weight": (32, 64)}
_PLAIN = {"ffn_up.weight": (64, 32), "ffn_down.weight": (32, 64)}
_PLAIN_BIAS = {"ffn_up.bias": (64,), "ffn_down.bias": (32,)}
_HEAD_NORMS = {"attn_q_norm.weight": (8,), "attn_k_norm.weight": (8,)}


def _norms(*names, bias=False):
    return {f"{name}.{kind}": (32,) for name in names for kind in (("weight", "bias") if bias else ("weight",))}


_BEFORE = _norms("attn_norm", "ffn_norm")
_BEFORE_BIAS = _norms("attn_norm", "ffn_norm", bias=True)
_BEHIND = _norms("post_attention_norm", "post_ffw_norm")

TINY = {
    "llama": (_GROUPED | _RMS | _ROPE | _HEAD | {"rope.dimension_count": 8, "vocab_size": 272},
              _EMBEDDING | _LAST | _OUTPUT, _BEFORE | _ATTENTION | _GATED),
    "qwen2": (_GROUPED | _RMS | _ROPE, _EMBEDDING | _LAST | _OUTPUT, _BEFORE | _ATTENTION | _QKV_BIAS | _GATED),
    "qwen3": (_GROUPED | _RMS | _ROPE | {"attention.key_length": 16, "attention.value_length": 16}, _EMBEDDING | _LAST,
              _BEFORE | _GATED | {
                  "attn_q.weight": (64, 32), "attn_k.weight": (32, 32), "attn_v.weight": (32, 32),
                  "attn_output.weight": (32, 64), "attn_q_norm.weight": (16,), "attn_k_norm.weight": (16,)}),
    "gemma2": (_GROUPED | _RMS | _HEAD | {"attention.sliding_window": 6, "attn_logit_softcapping": 3.0,
                                          "final_logit_softcapping": 2.0},
               _EMBEDDING | _LAST, _BEFORE | _BEHIND | _ATTENTION | _GATED),
    "gemma3": (_GROUPED | _RMS | _HEAD | {"block_count": 7, "attention.sliding_window": 6, "rope.freq_base": 1e6,
                                          "rope.freq_base_swa": 300.0},
               _EMBEDDING | _LAST, _BEFORE | _BEHIND | _ATTENTION | _HEAD_NORMS | _GATED),
    "phi2": (_SIZES | {"attention.head_count_kv": 4, "rope.dimension_count": 4} | _LAYER,
             _EMBEDDING | _LAST_BIAS | _OUTPUT | {"output.bias": (272,)},
             _norms("attn_norm", bias=True) | _FULL | _PLAIN | _PLAIN_BIAS | {
                 "attn_q.bias": (32,), "attn_k.bias": (32,), "attn_v.bias": (32,), "attn_output.bias": (32,)}),
    "phi3": (_GROUPED | _RMS | _ROPE | {"rope.dimension_count": 8, "rope.scaling.original_context_length": 32,
                                        "attention.sliding_window": 6},
             _EMBEDDING | _LAST | _OUTPUT, _BEFORE | {
                 "attn_qkv.weight": (64, 32), "attn_output.weight": (32, 32), "ffn_up.weight": (128, 32),
                 "ffn_down.weight": (32, 64)}),
    "smollm3": (_GROUPED | _RMS | _ROPE | {"block_count": 5, "rope.dimension_count": 8, "vocab_size": 272},
                _EMBEDDING | _LAST, _BEFORE | _ATTENTION | _GATED),
    "granite": (_GROUPED | _RMS | _ROPE | {
        "rope.dimension_count": 8, "vocab_size": 272, "attention.scale": 0.125, "embedding_scale": 4.0,
        "residual_scale": 0.25, "logit_scale": 8.0}, _EMBEDDING | _LAST, _BEFORE | _ATTENTION | _GATED),
    "olmo2": (_GROUPED | _RMS | _ROPE | {"block_count": 4, "attention.sliding_window": 6,
                                         "attention.sliding_window_pattern": [True, True, True, False]},
              _EMBEDDING | _LAST | _OUTPUT,
              _BEHIND | _ATTENTION | _GATED | {"attn_q_norm.weight": (32,), "attn_k_norm.weight": (16,)}),
    "stablelm": (_GROUPED | _LAYER | {"rope.dimension_count": 4, "use_parallel_residual": True},
                 _EMBEDDING | _LAST_BIAS | _OUTPUT, _norms("attn_norm", bias=True) | _ATTENTION | _GATED | {
                     "attn_q_norm.weight": (4, 8), "attn_k_norm.weight": (2, 8)}),
    "starcoder2": (_GROUPED | _LAYER | _ROPE, _EMBEDDING | _LAST_BIAS,
                   _BEFORE_BIAS | _ATTENTION | _QKV_BIAS | _PLAIN | _PLAIN_BIAS | {"attn_output.bias": (32,)}),
    "gpt2": (_SIZES | _LAYER, _EMBEDDING | {"position_embd.weight": (32, 32)} | _LAST_BIAS,
             _BEFORE_BIAS | _FUSED | _FUSED_BIAS | _PLAIN | _PLAIN_BIAS),
    "gptneox": (_SIZES | _LAYER | {"rope.dimension_count": 4, "use_parallel_residual": True},
                _EMBEDDING | _LAST_BIAS | _OUTPUT, _BEFORE_BIAS | _FUSED | _FUSED_BIAS | _PLAIN | _PLAIN_BIAS),
    "bert": (_SIZES | {"attention.layer_norm_epsilon": 1e-12, "attention.causal": False, "pooling_type": 2},
             _EMBEDDING | {"position_embd.weight": (32, 32), "token_types.weight": (2, 32)} | _norms(
                 "token_embd_norm", bias=True),
             _norms("attn_output_norm", "layer_output_norm", bias=True) | _FULL | _PLAIN | _PLAIN_BIAS | {
                 "attn_q.bias": (32,), "attn_k.bias": (32,), "attn_v.bias": (32,), "attn_output.bias": (32,)}),
    "modern-bert": (_SIZES | _LAYER | _RMS | {
        "block_count": 4, "attention.causal": False, "pooling_type": 1, "classifier.pooling_type": 2,
        "attention.sliding_window": 6, "attention.sliding_window_pattern": 3, "rope.freq_base": 1600.0,
        "rope.freq_base_swa": 100.0, "rope.scaling.type": "none", "hidden_activation": "gelu"},
        _EMBEDDING | _norms("token_embd_norm", "output_norm"), _BEFORE | _FUSED | {
            "ffn_up.weight": (128, 32), "ffn_down.weight": (32, 64)}),
}
"""By architecture: its keys, the shapes of its tensors, and those of a layer's."""


def tiny_model(name, *, seed=1, layers=None):
    """Keys and tensors of a file.

    Parameters
    ----------
    name : str
        One of `TINY`.
    seed : int
    layers : int, optional
        Other than it has.

    Returns
    -------
    metadata : dict
    tensors : dict of str to float32 array
    """
    keys, ends, block = TINY[name]
    keys = keys | ({"block_count": layers} if layers else {})
    metadata = {f"{name}.{key}": value for key, value in keys.items()}
    metadata |= {key: value for key, value in METADATA.items() if key.startswith("tokenizer.")}
    if name == "bert":
        metadata["tokenizer.ggml.token_type_count"] = 2
    shapes = ends | {f"blk.{layer}.{tensor}": shape for layer in range(keys["block_count"])
                     for tensor, shape in block.items()}
    if name == "modern-bert":
        del shapes["blk.0.attn_norm.weight"]
    random = np.random.default_rng(seed)
    return metadata, {tensor: _values(random, tensor, shape) for tensor, shape in shapes.items()}


def _values(random, name, shape):
    values = random.standard_normal(shape).astype(np.float32)
    if name.endswith("norm.weight"):
        return 1 + values / 8
    return values / np.sqrt(np.float32(shape[-1])) if len(shape) > 1 else values / 4
