"""SmolLM 3: Llama in which every fourth layer turns nothing."""

from dataclasses import replace

from host.arch.decoder import Decoder
from host.arch.published import Published

__all__ = ["SmolLM3"]


class SmolLM3(Decoder):
    """SmolLM3. Layers 3, 7, 11 and so on have no rope, which no key says; queries and keys are stored as Llama's."""

    name = "smollm3"
    halves = False
    checked = ("F32", "Q8_0")
    published = {
        "smollm3-3b": Published(keys={
            "block_count": 36, "context_length": 65536, "embedding_length": 2048, "feed_forward_length": 11008,
            "attention.head_count": 16, "attention.head_count_kv": 4, "attention.layer_norm_rms_epsilon": 1e-06,
            "rope.freq_base": 5000000.0, "vocab_size": 128256}),
    }

    def kinds(self, keys, tensors, hp):
        (kind,) = super().kinds(keys, tensors, hp)
        return (kind, kind, kind, replace(kind, rope=None))
