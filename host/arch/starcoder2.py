"""StarCoder 2: LayerNorm, biases everywhere, grouped queries, no gate.

The window of the original model does not reach the file, so nobody can apply it.
"""

from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder

__all__ = ["StarCoder2"]


class StarCoder2(Decoder):
    """StarCoder2 of 3B, 7B and 15B."""

    name = "starcoder2"
    norm = NormKind.LAYER
    norm_bias = True
    activation = Activation.GELU_TANH
    gated = False
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
