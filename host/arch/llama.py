"""Llama, and what has its shape: RMSNorm, rotated grouped-query attention, a gated feed-forward network."""

from host.arch.architecture import Architecture
from host.arch.hyperparameters import Hyperparameters
from host.arch.rope import rope_table
from host.arch.tensor_spec import TensorKind, TensorSpec
from host.compiler import parts
from host.engine import float_parts

__all__ = ["Llama"]


def _shape(*, dim, ffn, layers, heads, kv_heads, vocab, context, theta, tied):
    return Hyperparameters(
        layers=layers, dim=dim, heads=heads, kv_heads=kv_heads, head_dim=dim // heads, ffn=ffn, vocab=vocab,
        context=context, rms_eps=1e-5, rope_theta=theta, rope_dim=dim // heads, tied=tied)


class Llama(Architecture):
    """Llama 1 to 3, Mistral, SmolLM, TinyLlama and others whose converter takes this name.

    Queries and keys are stored so that adjacent elements turn together. Biases are rare but possible.
    """

    name = "llama"
    neutral = {
        "attention.causal": (True,),
        "attention.clamp_kqv": (0,),
        "attention.max_alibi_bias": (0,),
        "attention.scale": (0,),
        "attn_logit_softcapping": (0,),
        "embedding_scale": (0, 1),
        "expert_count": (0,),
        "final_logit_softcapping": (0,),
        "logit_scale": (0, 1),
        "residual_scale": (0, 1),
        "rope.scaling.attn_factor": (1,),
        "swin_norm": (False,),
        "use_parallel_residual": (False,),
    }
    harmless = frozenset({
        # Of norms and experts that there are not, and of the files' history.
        "attention.group_norm_epsilon", "attention.layer_norm_epsilon", "expert_feed_forward_length",
        "expert_used_count", "tensor_data_layout",
        # Of another choice of window or scaling than the one that is checked.
        "attention.sliding_window_pattern", "rope.scaling.finetuned", "rope.scaling.original_context_length",
        "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
        "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_log_multiplier",
        # How a text's vectors become one, which no logits depend on.
        "pooling_type",
    })
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

    def hyperparameters(self, keys, tensors):
        hp = Hyperparameters.read(keys, tensors)
        keys.refuse_window(hp.context)
        keys.refuse_others(neutral=self.neutral, harmless=self.harmless)
        return hp

    def tensors(self, hp):
        matrix, vector = TensorKind.MATRIX, TensorKind.VECTOR
        query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
        specs = {
            "rope_freqs.weight": TensorSpec(TensorKind.FACTORS, (hp.rope_dim // 2,), optional=True),
            "token_embd.weight": TensorSpec(matrix, (hp.vocab, hp.dim)),
        }
        for layer in range(hp.layers):
            where = f"blk.{layer}"
            for name, length in (("attn_q", query), ("attn_k", key), ("attn_v", key), ("attn_output", hp.dim),
                                 ("ffn_gate", hp.ffn), ("ffn_up", hp.ffn), ("ffn_down", hp.dim)):
                specs[f"{where}.{name}.bias"] = TensorSpec(vector, (length,), optional=True)
            for name, kind, shape in (
                    ("attn_norm", vector, (hp.dim,)),
                    ("attn_q", matrix, (query, hp.dim)),
                    ("attn_k", matrix, (key, hp.dim)),
                    ("attn_v", matrix, (key, hp.dim)),
                    ("attn_output", matrix, (hp.dim, query)),
                    ("ffn_norm", vector, (hp.dim,)),
                    ("ffn_gate", matrix, (hp.ffn, hp.dim)),
                    ("ffn_up", matrix, (hp.ffn, hp.dim)),
                    ("ffn_down", matrix, (hp.dim, hp.ffn))):
                specs[f"{where}.{name}.weight"] = TensorSpec(kind, shape)
        specs["output_norm.weight"] = TensorSpec(vector, (hp.dim,))
        specs["output.weight"] = TensorSpec(matrix, (hp.vocab, hp.dim), optional=True)
        return specs

    def position_tables(self, hp):
        return {"rope": rope_table(hp)}

    def body(self, b):
        b.ones()
        parts.embedding(b)
        rotate = parts.rotate_pairs(*parts.position_vectors(b, "rope", ("cosine", "sine")))
        for layer in b.layers():
            where = f"blk.{layer}"
            parts.rms_norm(b, f"{where}.attn_norm")
            parts.residual(b, f"{where}.attn_output", parts.attention(b, where, rotate))
            parts.rms_norm(b, f"{where}.ffn_norm")
            parts.residual(b, f"{where}.ffn_down", parts.gated_feed_forward(b, where))

    def logits(self, b, tokens):
        parts.rms_norm(b, "output_norm", tokens=tokens)
        parts.output(b, len(tokens))

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            where = f"blk.{layer}"
            x = x + float_parts.attention(ideal, layer, float_parts.rms_norm(ideal, f"{where}.attn_norm", x),
                                          rotate=float_parts.rotate_pairs)
            x = x + float_parts.gated_feed_forward(ideal, where, float_parts.rms_norm(ideal, f"{where}.ffn_norm", x))
        return float_parts.output(ideal, float_parts.rms_norm(ideal, "output_norm", x))
