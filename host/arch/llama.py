"""Llama, and what has its shape: RMSNorm, rotated grouped-query attention, a gated feed-forward network."""

from host.arch.decoder import Decoder
from host.arch.hyperparameters import Hyperparameters
from host.arch.layer_kind import LayerKind
from host.arch.rope import Rope
from host.arch.tensor_spec import TensorKind, TensorSpec

__all__ = ["Llama"]


def _shape(*, dim, ffn, layers, heads, kv_heads, vocab, context, theta, tied):
    return Hyperparameters(
        layers=layers, dim=dim, heads=heads, kv_heads=kv_heads, head_dim=dim // heads, ffn=ffn, vocab=vocab,
        context=context, norm_eps=1e-5, kinds=(LayerKind(rope=Rope(dim=dim // heads, theta=theta)),), tied=tied)


class Llama(Decoder):
    """Llama 1 to 3, Mistral, SmolLM, TinyLlama and others whose converter takes this name.

    Queries and keys are stored so that adjacent elements turn together. Biases are rare but possible.
    """

    name = "llama"
    halves = False
    optional_biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
    shapes = {
        "stories15m": _shape(dim=288, ffn=768, layers=6, heads=6, kv_heads=6, vocab=32000, context=256, theta=1e4,
                             tied=True),
        "tinyllama-1.1b": _shape(dim=2048, ffn=5632, layers=22, heads=32, kv_heads=4, vocab=32000, context=2048,
                                 theta=1e4, tied=False),
        "smollm-135m": _shape(dim=576, ffn=1536, layers=30, heads=9, kv_heads=3, vocab=49152, context=2048,
                              theta=1e4, tied=True),
        "llama-3.2-1b": _shape(dim=2048, ffn=8192, layers=16, heads=32, kv_heads=8, vocab=128256, context=131072,
                               theta=5e5, tied=True),
    }

    def more_tensors(self, hp):
        return {"rope_freqs.weight": TensorSpec(TensorKind.FACTORS, (hp.ropes["rope"].dim // 2,), optional=True)}
