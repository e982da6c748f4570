"""Qwen 3: queries and keys are normalised head by head before they turn."""

from host.arch.decoder import Decoder

__all__ = ["Qwen3"]


class Qwen3(Decoder):
    """Qwen3 without experts. All heads of a layer have the same norm weights; heads times their length need not be the
    width."""

    name = "qwen3"
    head_norms = {}
