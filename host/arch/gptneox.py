"""GPT-NeoX: LayerNorm, biases everywhere, a part of each head turns, two branches of the same state.

The converter has put queries, keys and values of all heads one behind the other, which the original interleaves.
"""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder

__all__ = ["GPTNeoX"]


class GPTNeoX(Decoder):
    """GPT-NeoX, Pythia, RedPajama. Attention and the feed-forward network each have a norm of their own before them; of
    ``use_parallel_residual`` both see the same states."""

    name = "gptneox"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_ERF
    gated = False
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})

    def more(self, keys, tensors, hp):
        return {"parallel": keys.flag("use_parallel_residual", True)}
