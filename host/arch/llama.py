"""Llama, and what has its shape: RMSNorm, rotated grouped-query attention, a gated feed-forward network."""

from host.arch.decoder import Decoder
from host.arch.published import Published
from host.arch.tensor_spec import TensorKind, TensorSpec

__all__ = ["Llama"]


class Llama(Decoder):
    """Llama 1 to 3, Mistral, SmolLM, TinyLlama and others whose converter takes this name.

    Queries and keys are stored so that adjacent elements turn together. Biases are rare but possible.
    """

    name = "llama"
    halves = False
    optional_biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    checked = ("F32",)
    published = {
        "stories15m": Published(keys={
            "block_count": 6, "context_length": 256, "embedding_length": 288, "feed_forward_length": 768,
            "attention.head_count": 6, "attention.layer_norm_rms_epsilon": 1e-05, "vocab_size": 32000}),
        "tinyllama-1.1b": Published(keys={
            "block_count": 22, "context_length": 2048, "embedding_length": 2048, "feed_forward_length": 5632,
            "attention.head_count": 32, "attention.head_count_kv": 4, "attention.layer_norm_rms_epsilon": 1e-05,
            "vocab_size": 32000}, tied=False),
        "smollm-135m": Published(keys={
            "block_count": 30, "context_length": 2048, "embedding_length": 576, "feed_forward_length": 1536,
            "attention.head_count": 9, "attention.head_count_kv": 3, "attention.layer_norm_rms_epsilon": 1e-05,
            "vocab_size": 49152}),
        "llama-3.2-1b": Published(keys={
            "block_count": 16, "context_length": 131072, "embedding_length": 2048, "feed_forward_length": 8192,
            "attention.head_count": 32, "attention.head_count_kv": 8, "attention.layer_norm_rms_epsilon": 1e-05,
            "rope.freq_base": 500000.0, "vocab_size": 128256}),
    }

    def more_tensors(self, hp):
        return {"rope_freqs.weight": TensorSpec(TensorKind.FACTORS, (hp.ropes["rope"].dim // 2,), optional=True)}
