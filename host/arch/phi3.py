"""Phi 3, 3.5 and 4-mini: Llama with fused matrices, a window, and LongRoPE.

The window that the file names counts, as the model's own definition has it; llama.cpp passes over it.

LongRoPE has two sets of frequencies. The definition takes those for short texts as long as a text has at most the
original context's positions, and those for long ones for the whole of a longer text. Keys in a cache have been turned
already, so an accelerator that has begun a text cannot change its mind: the context that a program is compiled for
decides, short up to the original context and long beyond it (llama.cpp decides by its context as well). The usual
context, when nobody chooses one, is therefore the original one. ``--context`` with more positions takes the long
factors, for every text however short.
"""

from host.arch.decoder import Decoder
from host.arch.layer_kind import LayerKind
from host.arch.published import Published
from host.arch.rope import Rope
from host.arch.rope_keys import rope_base, rope_dim
from host.arch.tensor_spec import TensorKind, TensorSpec

__all__ = ["Phi3"]

_SHORT, _LONG = "rope_factors_short.weight", "rope_factors_long.weight"


class Phi3(Decoder):
    """Phi-3 mini and medium, Phi-3.5-mini, Phi-4 and Phi-4-mini. The matrix ``ffn_up`` is gate and up, one after the
    other."""

    name = "phi3"
    fused_gate = True
    neutral = Decoder.neutral | {"rope.scaling.type": ("longrope", "none")}
    checked = ("F32", "Q8_0")
    published = {
        "phi-3-mini-4k": Published(keys={
            "block_count": 32, "context_length": 4096, "embedding_length": 3072, "feed_forward_length": 8192,
            "attention.head_count": 32, "attention.layer_norm_rms_epsilon": 1e-05, "rope.freq_base": 10000.0,
            "rope.dimension_count": 96, "attention.sliding_window": 2047, "vocab_size": 32064}, tied=False, fused=True),
    }

    def kinds(self, keys, tensors, hp):
        if _LONG not in tensors and _SHORT not in tensors:
            return super().kinds(keys, tensors, hp)
        rope = Rope(
            dim=rope_dim(keys, hp.head_dim), theta=rope_base(keys, self.theta), halves=True,
            factors=tensors.positive(_SHORT), long_factors=tensors.positive(_LONG),
            short_context=keys.integer("rope.scaling.original_context_length"),
            magnitude=keys.factor("rope.scaling.attn_factor", 1.0))
        return (LayerKind(rope=rope, window=keys.window(hp.context)),)

    def more_tensors(self, hp):
        rope = hp.ropes["rope"]
        return {name: TensorSpec(TensorKind.FACTORS, (rope.dim // 2,), optional=rope.long_factors is None)
                for name in (_SHORT, _LONG)}
