"""Encoders: transformers that see a whole text and make vectors of it."""

from functools import partial

from gateware.isa import Index
from host.arch.choices import Pooling
from host.arch.distance_tables import distance_tables
from host.arch.transformer import Transformer
from host.compiler import parts
from host.compiler.part import LayerPart, Part
from host.engine import float_parts

__all__ = ["Encoder"]


class Encoder(Transformer):
    """What encoders have in common: no token is hidden from another because it comes later, and there are no logits.
    ``pooling_type`` says how the states of a text become one vector.

    A text goes through layer by layer, in groups of tokens: its states are in memory, and a layer begins when the keys
    and values of all of them are in the cache. While a group sees the text, the position is that of the text's last
    token, and the ids of the tokens are their own positions.
    """

    causal = False

    def more(self, keys, tensors, hp):
        pooling = keys.get("pooling_type", int(Pooling.NONE))
        if pooling not in tuple(Pooling):
            keys.fail("pooling_type", f"one of {', '.join(f'{int(kind)} ({kind.name.lower()})' for kind in Pooling)}",
                      pooling)
        return {"pooling": Pooling(pooling)}

    def parts(self, hp, tokens):
        layers = ((LayerPart(Part.LAYER, layer), LayerPart(Part.KEEP, layer + 1)) for layer in range(hp.layers))
        return (Part.ENTER, LayerPart(Part.KEEP, 0), *(part for both in layers for part in both))

    def token_parts(self, hp):
        return self.parts(hp, 1)

    def position_tables(self, hp, context):
        tables = super().position_tables(hp, context)
        return tables | distance_tables() if any(kind.window for kind in hp.kinds) else tables

    def build(self, b, part):
        b.ones()
        if part == Part.ENTER:
            self._enter(b)
        elif part.part == Part.KEEP:
            self._keep(b, part.layer)
        else:
            with b.within_layer(part.layer):
                self._layer(b, part.layer)

    @staticmethod
    def _enter(b):
        parts.embedding(b)
        parts.token_type(b)
        parts.settle(b, "token_embd_norm")

    def _keep(self, b, layer):
        if layer == b.hyperparameters.layers:
            parts.settle(b, "output_norm")
            parts.keep_states(b)
            return
        parts.keep_states(b)
        with b.within_layer(layer):
            parts.see(b, f"blk.{layer}.attn_norm")
            parts.keys_and_values(b, f"blk.{layer}", self._rotation(b, layer, Index.POSITION))

    def _layer(self, b, layer):
        window = b.hyperparameters.kind(layer).window
        attend = partial(parts.attention_to_text, reach=None if window is None else window // 2)
        parts.load_states(b)
        parts.block(b, f"blk.{layer}", self._rotation(b, layer, Index.TOKEN), attend=attend)

    @staticmethod
    def _rotation(b, layer, index):
        """How a layer rotates, by rows of its table that a register names; None if it does not."""
        rope = b.hyperparameters.kind(layer).rope
        return rope and parts.rotate_pairs(*parts.position_vectors(b, rope.table, ("cosine", "sine"), index=index))

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            x = float_parts.block(ideal, layer, x)
        return float_parts.norm(ideal, "output_norm", x)
