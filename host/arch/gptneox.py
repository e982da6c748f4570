"""GPT-NeoX: LayerNorm, biases everywhere, a part of each head turns, two branches of the same state.

The converter has put queries, keys and values of all heads one behind the other, which the original interleaves.
"""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["GPTNeoX"]


class GPTNeoX(Decoder):
    """GPT-NeoX, Pythia, RedPajama. Attention and the feed-forward network each have a norm of their own before them; of
    ``use_parallel_residual`` both see the same states."""

    name = "gptneox"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_ERF
    gated = False
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    checked = ("F32", "Q8_0")
    published = {
        "pythia-70m": Published(keys={
            "block_count": 6, "context_length": 2048, "embedding_length": 512, "feed_forward_length": 2048,
            "attention.head_count": 8, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 16,
            "vocab_size": 50304}, tied=False, fused=True),
        "pythia-160m": Published(keys={
            "block_count": 12, "context_length": 2048, "embedding_length": 768, "feed_forward_length": 3072,
            "attention.head_count": 12, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 16,
            "vocab_size": 50304}, tied=False, fused=True),
        "pythia-410m": Published(keys={
            "block_count": 24, "context_length": 2048, "embedding_length": 1024, "feed_forward_length": 4096,
            "attention.head_count": 16, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 16,
            "vocab_size": 50304}, tied=False, fused=True),
    }

    def more(self, keys, tensors, hp):
        return {"parallel": keys.flag("use_parallel_residual", True)}
