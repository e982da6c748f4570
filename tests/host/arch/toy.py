"""An architecture that nobody has: what a file of host/arch/ may contain, and no other file of the project knows."""

from host.arch.architecture import Architecture
from host.arch.hyperparameters import Hyperparameters
from host.arch.tensor_spec import TensorKind, TensorSpec
from host.compiler import parts
from host.engine import float_parts

__all__ = ["Toy"]


class Toy(Architecture):
    """Attention without positions and the feed-forward network see the same normalised state, and both are added to it;
    what attention gives is normalised once more before. The embedding is the output matrix."""

    name = "toy"
    harmless = frozenset({"colour"})

    def hyperparameters(self, keys, tensors):
        hp = Hyperparameters.read(keys, tensors)
        keys.refuse_others(neutral=self.neutral, harmless=self.harmless)
        return hp

    def tensors(self, hp):
        query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
        matrices = {"attn_q": (query, hp.dim), "attn_k": (key, hp.dim), "attn_v": (key, hp.dim),
                    "attn_output": (hp.dim, query), "ffn_gate": (hp.ffn, hp.dim), "ffn_up": (hp.ffn, hp.dim),
                    "ffn_down": (hp.dim, hp.ffn)}
        norm = TensorSpec(TensorKind.VECTOR, (hp.dim,))
        specs = {"token_embd.weight": TensorSpec(TensorKind.MATRIX, (hp.vocab, hp.dim)), "last_norm.weight": norm}
        for layer in range(hp.layers):
            specs |= {f"blk.{layer}.{name}.weight": TensorSpec(TensorKind.MATRIX, shape)
                      for name, shape in matrices.items()}
            specs |= {f"blk.{layer}.{name}.weight": norm for name in ("first_norm", "attn_output_norm")}
        return specs

    def body(self, b):
        b.ones()
        parts.embedding(b)
        for layer in b.layers():
            where = f"blk.{layer}"
            parts.norm(b, f"{where}.first_norm")
            attended = parts.attention(b, where)
            parts.norm(b, f"{where}.attn_output_norm", attended, to=attended)
            parts.norm(b, f"{where}.first_norm")
            fed = parts.feed_forward(b, where)
            parts.residual(b, f"{where}.attn_output", attended)
            parts.residual(b, f"{where}.ffn_down", fed)

    def logits(self, b, tokens):
        parts.norm(b, "last_norm", tokens=tokens)
        parts.output(b, len(tokens))

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            where = f"blk.{layer}"
            normed = float_parts.norm(ideal, f"{where}.first_norm", x)
            attended = float_parts.attention(ideal, layer, normed)
            x = x + float_parts.norm(ideal, f"{where}.attn_output_norm", attended) + \
                float_parts.feed_forward(ideal, where, normed)
        return float_parts.output(ideal, float_parts.norm(ideal, "last_norm", x))
