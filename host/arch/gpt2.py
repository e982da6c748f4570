"""GPT-2: LayerNorm, biases everywhere, learned positions, no gate."""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.layer_kind import LayerKind

__all__ = ["GPT2"]


class GPT2(Decoder):
    """GPT-2 of all sizes, and others that kept its shape. Queries, keys and values are rows of one matrix; the position
    is a vector that is added to the embedding."""

    name = "gpt2"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_TANH
    gated = False
    learned_positions = True
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})

    def kinds(self, keys, tensors, hp):
        return (LayerKind(),)
