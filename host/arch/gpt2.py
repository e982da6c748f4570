"""GPT-2: LayerNorm, biases everywhere, learned positions, no gate."""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.layer_kind import LayerKind
from host.arch.published import Published

__all__ = ["GPT2"]


class GPT2(Decoder):
    """GPT-2 of all sizes, and others that kept its shape. Queries, keys and values are rows of one matrix; the position
    is a vector that is added to the embedding."""

    name = "gpt2"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_TANH
    gated = False
    learned_positions = True
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    checked = ("F32", "Q8_0", "Q4_0")
    published = {
        "gpt2": Published(keys={
            "block_count": 12, "context_length": 1024, "embedding_length": 768, "feed_forward_length": 3072,
            "attention.head_count": 12, "attention.layer_norm_epsilon": 1e-05, "vocab_size": 50257}, fused=True),
        "gpt2-medium": Published(keys={
            "block_count": 24, "context_length": 1024, "embedding_length": 1024, "feed_forward_length": 4096,
            "attention.head_count": 16, "attention.layer_norm_epsilon": 1e-05, "vocab_size": 50257}, fused=True),
    }

    def kinds(self, keys, tensors, hp):
        return (LayerKind(),)
