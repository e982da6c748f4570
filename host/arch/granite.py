"""Granite 3: Llama with factors in four places."""

from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["Granite"]


class Granite(Decoder):
    """Granite 3 without experts. Embeddings, scores and what each branch adds are multiplied with a factor of the file;
    logits are divided by theirs. Queries and keys are stored as Llama's are."""

    name = "granite"
    halves = False
    checked = ("F32", "Q8_0")
    published = {
        "granite-3.1-2b": Published(keys={
            "block_count": 40, "context_length": 131072, "embedding_length": 2048, "feed_forward_length": 8192,
            "attention.head_count": 32, "attention.head_count_kv": 8, "attention.layer_norm_rms_epsilon": 1e-05,
            "rope.freq_base": 5000000.0, "attention.scale": 0.015625, "embedding_scale": 12.0, "residual_scale":
            0.22, "logit_scale": 8.0, "vocab_size": 49155}),
    }

    def more(self, keys, tensors, hp):
        return {
            "attention_scale": keys.factor("attention.scale", None),
            "embedding_scale": keys.factor("embedding_scale", 1.0),
            "residual_scale": keys.factor("residual_scale", 1.0),
            "logit_scale": 1 / keys.factor("logit_scale", 1.0),
        }
