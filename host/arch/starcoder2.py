"""StarCoder 2: LayerNorm, biases everywhere, grouped queries, no gate.

The window of the original model does not reach the file, so nobody can apply it.
"""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["StarCoder2"]


class StarCoder2(Decoder):
    """StarCoder2 of 3B, 7B and 15B."""

    name = "starcoder2"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_TANH
    gated = False
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    checked = ("F32",)
    published = {
        "starcoder2-3b": Published(keys={
            "block_count": 30, "context_length": 16384, "embedding_length": 3072, "feed_forward_length": 12288,
            "attention.head_count": 24, "attention.head_count_kv": 2, "attention.layer_norm_epsilon": 1e-05,
            "rope.freq_base": 999999.4420358813, "vocab_size": 49152}),
    }
