"""Gemma 2: a norm before and behind each branch, soft caps, and a window in every other layer.

What files of the first days do not name has the value that all published models have: a window of 4096, caps of 50 on
scores and of 30 on logits. Norm weights are stored with one added to them.
"""

from dataclasses import replace
import math

from host.arch.choices import Activation
from host.arch.decoder import Decoder

__all__ = ["Gemma2"]

_WINDOW = 4096
_WIDE_LAYERS = 46  # of 27B, whose scores are scaled by the width of a head's share of the state, which no key says


class Gemma2(Decoder):
    """Gemma 2 of 2B, 9B and 27B. Layers 0, 2, 4 and so on see a window. Embeddings are multiplied with the root of the
    width."""

    name = "gemma2"
    activation = Activation.GELU_TANH
    block_norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")

    def kinds(self, keys, tensors, hp):
        (near,) = super().kinds(keys, tensors, hp)
        if "attention.sliding_window" not in keys and hp.context > _WINDOW:
            near = replace(near, window=_WINDOW)
        return (near, replace(near, window=None))

    def more(self, keys, tensors, hp):
        return {
            "embedding_scale": math.sqrt(hp.dim),
            "attention_scale": 1 / math.sqrt(hp.dim / hp.heads) if hp.layers == _WIDE_LAYERS else None,
            "attention_cap": keys.cap("attn_logit_softcapping", 50.0),
            "logit_cap": keys.cap("final_logit_softcapping", 30.0),
        }
