"""Gemma 2: a norm before and behind each branch, soft caps, and a window in every other layer.

What files of the first days do not name has the value that all published models have: a window of 4096, caps of 50 on
scores and of 30 on logits. Norm weights are stored with one added to them.
"""

from dataclasses import replace
import math

from host.arch.choices import Activation
from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Gemma2"]

_WINDOW = 4096
_WIDE_LAYERS = 46  # of 27B, whose scores are scaled by the width of a head's share of the state, which no key says


class Gemma2(Decoder):
    """Gemma 2 of 2B, 9B and 27B. Layers 0, 2, 4 and so on see a window. Embeddings are multiplied with the root of the
    width."""

    name = "gemma2"
    activation = Activation.GELU_TANH
    block_norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    checked = ("F32", "Q8_0")
    published = {
        "gemma-2-2b": Published(keys={
            "block_count": 26, "context_length": 8192, "embedding_length": 2304, "feed_forward_length": 9216,
            "attention.head_count": 8, "attention.head_count_kv": 4, "attention.key_length": 256,
            "attention.value_length": 256, "attention.layer_norm_rms_epsilon": 1e-06, "attention.sliding_window":
            4096, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "vocab_size": 256000}),
    }

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
