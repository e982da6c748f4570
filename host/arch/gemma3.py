"""Gemma 3: five layers with a window to one without, each kind with a rope of its own, and norms everywhere.

Norm weights are stored with one added to them, those of queries and keys too.
"""

from dataclasses import replace
import math

from host.arch.choices import Activation
from host.arch.decoder import Decoder
from host.arch.layer_kind import LayerKind
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
