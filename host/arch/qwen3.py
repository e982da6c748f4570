"""Qwen 3: queries and keys are normalised head by head before they turn."""

from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Qwen3"]


class Qwen3(Decoder):
    """Qwen3 without experts. All heads of a layer have the same norm weights; heads times their length need not be the
    width."""

    name = "qwen3"
    head_norms = {}
    checked = ("F32", "Q8_0", "Q4_K_M")
    published = {
        "qwen3-0.6b": Published(keys={
            "block_count": 28, "context_length": 40960, "embedding_length": 1024, "feed_forward_length": 3072,
            "attention.head_count": 16, "attention.head_count_kv": 8, "attention.key_length": 128,
            "attention.value_length": 128, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 1000000.0,
            "vocab_size": 151936}),
        "qwen3-1.7b": Published(keys={
            "block_count": 28, "context_length": 40960, "embedding_length": 2048, "feed_forward_length": 6144,
            "attention.head_count": 16, "attention.head_count_kv": 8, "attention.key_length": 128,
            "attention.value_length": 128, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 1000000.0,
            "vocab_size": 151936}),
        "bonsai-1.7b": Published(keys={
            "block_count": 28, "context_length": 32768, "embedding_length": 2048, "feed_forward_length": 6144,
            "attention.head_count": 16, "attention.head_count_kv": 8, "attention.key_length": 128,
            "attention.value_length": 128, "attention.layer_norm_rms_epsilon": 1e-06, "rope.freq_base": 1000000.0,
            "vocab_size": 151669}, formats=("Q2_0", "Q1_0")),
    }
