"""Qwen 2 and 2.5: Llama with a bias on queries, keys and values, and halves that turn together."""

from host.arch.decoder import Decoder

__all__ = ["Qwen2"]


class Qwen2(Decoder):
    """Qwen2, Qwen2.5, their coders and distillations of others into them."""

    name = "qwen2"
    biases = frozenset({"attn_q", "attn_k", "attn_v"})
    optional_biases = frozenset({"attn_output"})
