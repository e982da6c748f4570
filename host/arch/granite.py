"""Granite 3: Llama with factors in four places."""

from host.arch.decoder import Decoder

__all__ = ["Granite"]


class Granite(Decoder):
    """Granite 3 without experts. Embeddings, scores and what each branch adds are multiplied with a factor of the file;
    logits are divided by theirs. Queries and keys are stored as Llama's are."""

    name = "granite"
    halves = False

    def more(self, keys, tensors, hp):
        return {
            "attention_scale": keys.factor("attention.scale", None),
            "embedding_scale": keys.factor("embedding_scale", 1.0),
            "residual_scale": keys.factor("residual_scale", 1.0),
            "logit_scale": 1 / keys.factor("logit_scale", 1.0),
        }
