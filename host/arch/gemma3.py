"""Gemma 3: five layers with a window to one without, each kind with a rope of its own, and norms everywhere.

Norm weights are stored with one added to them, those of queries and keys too.
"""

from dataclasses import replace
import math

from host.arch.choices import Activation
from host.arch.decoder import Decoder
from host.arch.layer_kind import LayerKind
from host.arch.published import Published
from host.arch.rope import Rope

__all__ = ["Gemma3"]

_WIDE_LAYERS = 62  # of 27B, whose scores are scaled by the width of a head's share of the state, which no key says
_PATTERN = (*[True] * 5, False)
"""Which layers have a window, where the file does not say."""


class Gemma3(Decoder):
    """Gemma 3 of 270M to 27B, texts only. Layers 5, 11, 17 and so on see everything; linear scaling is theirs alone.
    Embeddings are multiplied with the root of the width."""

    name = "gemma3"
    activation = Activation.GELU_TANH
    block_norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    head_norms = {}
    theta = 1e6
    checked = ("F32", "Q8_0")
    published = {
        "gemma-3-270m": Published(keys={
            "block_count": 18, "context_length": 32768, "embedding_length": 640, "feed_forward_length": 2048,
            "attention.head_count": 4, "attention.head_count_kv": 1, "attention.key_length": 256,
            "attention.value_length": 256, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 1000000.0,
            "attention.sliding_window": 512, "vocab_size": 262144}),
        "gemma-3-1b": Published(keys={
            "block_count": 26, "context_length": 32768, "embedding_length": 1152, "feed_forward_length": 6912,
            "attention.head_count": 4, "attention.head_count_kv": 1, "attention.key_length": 256,
            "attention.value_length": 256, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 1000000.0,
            "attention.sliding_window": 512, "vocab_size": 262144}),
    }

    def kinds(self, keys, tensors, hp):
        keys.integer("attention.sliding_window")
        (kind,) = super().kinds(keys, tensors, hp)
        near = Rope(dim=kind.rope.dim, theta=keys.real("rope.freq_base_swa", default=10000.0), halves=True,
                    table="rope_window")
        pattern = keys.pattern("attention.sliding_window_pattern", hp.layers) or _PATTERN
        return tuple(LayerKind(rope=near, window=kind.window) if windowed else replace(kind, window=None)
                     for windowed in pattern)

    def more(self, keys, tensors, hp):
        return {
            "embedding_scale": math.sqrt(hp.dim),
            "attention_scale": 1 / math.sqrt(hp.dim / hp.heads) if hp.layers == _WIDE_LAYERS else None,
            "attention_cap": keys.cap("attn_logit_softcapping", None),
            "logit_cap": keys.cap("final_logit_softcapping", None),
        }
