"""StableLM: Llama with LayerNorm, of whose heads a part turns.

Files say ``use_parallel_residual`` of models that have none: what tells is whether a block has a norm before its
feed-forward network.
"""

from host.arch.choices import NormKind
from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["StableLM"]


class StableLM(Decoder):
    """StableLM 3B and StableLM 2 of 1.6B and 12B. In the last, attention and the feed-forward network see the same
    normalised states, and each head of queries and keys is normalised with weights of its own."""

    name = "stablelm"
    norm = NormKind.LAYER
    norm_bias = True
    head_norms = {"own": True, "optional": True}
    optional_biases = frozenset({"attn_q", "attn_k", "attn_v"})
    checked = ("F32", "Q8_0")
    published = {
        "stablelm-2-1.6b": Published(keys={
            "block_count": 24, "context_length": 4096, "embedding_length": 2048, "feed_forward_length": 5632,
            "attention.head_count": 32, "attention.layer_norm_epsilon": 1e-05, "rope.dimension_count": 16,
            "vocab_size": 100352}, tied=False),
    }

    def more(self, keys, tensors, hp):
        return {"parallel": keys.flag("use_parallel_residual", True) and "blk.0.ffn_norm.weight" not in tensors}

    def norms(self, hp):
        return ("attn_norm",) if hp.parallel else super().norms(hp)
