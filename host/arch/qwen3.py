"""Qwen 3: queries and keys are normalised head by head before they turn."""

from host.arch.decoder import Decoder
from host.arch.hyperparameters import Hyperparameters
from host.arch.layer_kind import LayerKind
from host.arch.rope import Rope

__all__ = ["Qwen3"]


class Qwen3(Decoder):
    """Qwen3 without experts. All heads of a layer have the same norm weights; heads times their length need not be the
    width."""

    name = "qwen3"
    shapes = {
        # Of Qwen3-1.7B, and with its vocabulary.
        "bonsai-1.7b": Hyperparameters(
            layers=28, dim=2048, heads=16, kv_heads=8, head_dim=128, ffn=6144, vocab=151669, context=32768,
            norm_eps=1e-6, kinds=(LayerKind(rope=Rope(dim=128, theta=1e6, halves=True)),), tied=True),
    }
    head_norms = {}
