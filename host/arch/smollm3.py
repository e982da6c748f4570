"""SmolLM 3: Llama in which every fourth layer turns nothing."""

from dataclasses import replace

from host.arch.decoder import Decoder

__all__ = ["SmolLM3"]


class SmolLM3(Decoder):
    """SmolLM3. Layers 3, 7, 11 and so on have no rope, which no key says; queries and keys are stored as Llama's."""

    name = "smollm3"
    halves = False

    def kinds(self, keys, tensors, hp):
        (kind,) = super().kinds(keys, tensors, hp)
        return (kind, kind, kind, replace(kind, rope=None))
