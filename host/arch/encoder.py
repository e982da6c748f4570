"""Encoders: transformers that see a whole text and make vectors of it."""

from host.arch.choices import Pooling
from host.arch.transformer import Transformer
from host.engine import float_parts

__all__ = ["Encoder"]


class Encoder(Transformer):
    """What encoders have in common: no token is hidden from another because it comes later, and there are no logits.
    ``pooling_type`` says how the states of a text become one vector."""

    causal = False

    def more(self, keys, tensors, hp):
        pooling = keys.get("pooling_type", int(Pooling.NONE))
        if pooling not in tuple(Pooling):
            keys.fail("pooling_type", f"one of {', '.join(f'{int(kind)} ({kind.name.lower()})' for kind in Pooling)}",
                      pooling)
        return {"pooling": Pooling(pooling)}

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            x = float_parts.block(ideal, layer, x)
        return float_parts.norm(ideal, "output_norm", x)
