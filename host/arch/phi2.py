"""Phi 1, 1.5 and 2: LayerNorm, biases everywhere, a part of each head turns, two branches of one normalised state."""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Phi2"]


class Phi2(Decoder):
    """Phi-1, Phi-1.5 and Phi-2. Attention and the feed-forward network see the same normalised states. Queries, keys
    and values are separate or rows of one matrix, by the age of the file; logits have a bias too."""

    name = "phi2"
    norm = NormKind.LAYER
    norm_bias = True
    block_norms = ("attn_norm",)
    activation = Activation.GELU_TANH
    gated = False
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down", "output"})
    checked = ("F32",)
    published = {
        "phi-1.5": Published(keys={
            "block_count": 24, "context_length": 2048, "embedding_length": 2048, "feed_forward_length": 8192,
            "attention.head_count": 32, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 32,
            "vocab_size": 51200}, tied=False),
        "phi-2": Published(keys={
            "block_count": 32, "context_length": 2048, "embedding_length": 2560, "feed_forward_length": 10240,
            "attention.head_count": 32, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 32,
            "vocab_size": 51200}, tied=False),
    }

    def more(self, keys, tensors, hp):
        return {"parallel": True}
