"""OLMo 2, and OLMo 3, whose files bear its name.

OLMo 3 has a window in three layers of four; the file says in which. Scaling of rope belongs to the others alone.
"""

from dataclasses import replace

from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Olmo2"]

_PATTERN = (True, True, True, False)
"""Which layers of OLMo 3 have a window, where the file does not say."""


class Olmo2(Decoder):
    """OLMo 2 and 3: no norm before a branch, one behind it; all heads of the queries are normalised together, and so
    are those of the keys."""

    name = "olmo2"
    block_norms = ("post_attention_norm", "post_ffw_norm")
    head_norms = {"whole": True}
    may_be_tied = False
    checked = ("F32", "Q8_0")
    published = {
        "olmo-2-1b": Published(keys={
            "block_count": 16, "context_length": 4096, "embedding_length": 2048, "feed_forward_length": 8192,
            "attention.head_count": 16, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 500000.0,
            "vocab_size": 100352}, tied=False),
    }

    def kinds(self, keys, tensors, hp):
        (kind,) = super().kinds(keys, tensors, hp)
        if "attention.sliding_window" not in keys:
            return (kind,)
        rope = replace(kind.rope, scale=1.0, factors=None, magnitude=1.0, table="rope_window")
        pattern = keys.pattern("attention.sliding_window_pattern", hp.layers) or _PATTERN
        return tuple(replace(kind, rope=rope) if near else replace(kind, window=None) for near in pattern)
