"""Decoders: transformers that predict the token that follows."""

from host.arch.block_tensors import matrix, vector
from host.arch.transformer import Transformer
from host.compiler import parts
from host.engine import float_parts

__all__ = ["Decoder"]


class Decoder(Transformer):
    """What dense decoders have in common: no token sees later ones, and an output matrix makes logits of states.

    Attributes
    ----------
    may_be_tied : bool
        A file without an output matrix has that of the embedding in its place.
    """

    may_be_tied = True

    def tensors(self, hp):
        specs = super().tensors(hp)
        specs["output.weight"] = matrix(hp.vocab, hp.dim, optional=self.may_be_tied)
        if "output" in self.biases:
            specs["output.bias"] = vector(hp.vocab)
        return specs

    def body(self, b):
        hp = b.hyperparameters
        b.ones()
        parts.embedding(b)
        rotations = {table: parts.rotate_pairs(*parts.position_vectors(b, table, ("cosine", "sine")))
                     for table in hp.ropes}
        for layer in b.layers():
            rope = hp.kind(layer).rope
            parts.block(b, f"blk.{layer}", rope and rotations[rope.table])

    def logits(self, b, tokens):
        parts.last_norm(b, "output_norm", tokens)
        parts.output(b, len(tokens))

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            x = float_parts.block(ideal, layer, x)
        return float_parts.output(ideal, float_parts.norm(ideal, "output_norm", x))
