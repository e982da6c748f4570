"""Qwen 2 and 2.5: Llama with a bias on queries, keys and values, and halves that turn together."""

from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Qwen2"]


class Qwen2(Decoder):
    """Qwen2, Qwen2.5, their coders and distillations of others into them."""

    name = "qwen2"
    biases = frozenset({"attn_q", "attn_k", "attn_v"})
    optional_biases = frozenset({"attn_output"})
    checked = ("F32", "Q8_0", "Q4_0", "Q4_K_M")
    published = {
        "qwen2.5-0.5b": Published(keys={
            "block_count": 24, "context_length": 32768, "embedding_length": 896, "feed_forward_length": 4864,
            "attention.head_count": 14, "attention.head_count_kv": 2, "attention.layer_norm_rms_epsilon": 1e-06,
            "rope.freq_base": 1000000.0, "vocab_size": 151936}),
        "qwen2.5-1.5b": Published(keys={
            "block_count": 28, "context_length": 32768, "embedding_length": 1536, "feed_forward_length": 8960,
            "attention.head_count": 12, "attention.head_count_kv": 2, "attention.layer_norm_rms_epsilon": 1e-06,
            "rope.freq_base": 1000000.0, "vocab_size": 151936}),
    }
