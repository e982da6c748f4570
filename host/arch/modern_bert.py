"""ModernBERT: an encoder that turns its heads, with a window in two layers of three."""

from host.arch.choices import Activation, NormKind
from host.arch.encoder import Encoder
from host.arch.layer_kind import LayerKind
from host.arch.published import Published
from host.arch.rope import Rope
from host.arch.rope_keys import read_rope

__all__ = ["ModernBert"]

_PERIOD, _LONGEST_PERIOD = 3, 256


class ModernBert(Encoder):
    """ModernBERT and embedding models made of it. Layers 0, 3, 6 and so on see everything, the others half a window to
    each side, with a rope of their own. LayerNorm has no bias, nor has anything else; the first block has no norm
    before attention, as embeddings are normalised already."""

    name = "modern-bert"
    norm = NormKind.LAYER
    end_norms = ("token_embd_norm", "output_norm")
    activation = Activation.GELU_ERF
    fused_gate = True
    neutral = Encoder.neutral | {"hidden_activation": ("gelu",)}
    harmless = Encoder.harmless | {"classifier.pooling_type"}
    checked = ("F32",)
    published = {
        "modernbert-base": Published(keys={
            "block_count": 22, "context_length": 8192, "embedding_length": 768, "feed_forward_length": 1152,
            "attention.head_count": 12, "attention.layer_norm_epsilon": 1e-05, "pooling_type": 1, "rope.freq_base":
            160000.0, "rope.freq_base_swa": 10000.0, "attention.sliding_window": 128,
            "attention.sliding_window_pattern": 3, "vocab_size": 50368}, fused=True),
    }

    def kinds(self, keys, tensors, hp):
        rope = read_rope(keys, tensors, hp.head_dim, halves=True)
        near = Rope(dim=rope.dim, theta=keys.real("rope.freq_base_swa", default=rope.theta), halves=True,
                    table="rope_window")
        windowed = LayerKind(rope=near, window=keys.integer("attention.sliding_window"))
        period = keys.integer("attention.sliding_window_pattern", default=_PERIOD)
        if period > _LONGEST_PERIOD:
            keys.fail("attention.sliding_window_pattern", f"at most {_LONGEST_PERIOD}", period)
        return (LayerKind(rope=rope), *[windowed] * (period - 1))

    def block_tensors(self, hp, where):
        specs = super().block_tensors(hp, where)
        if where == "blk.0":
            del specs["blk.0.attn_norm.weight"]
        return specs
