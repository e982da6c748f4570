"""The types that a tensor of a GGUF file may have."""

from dataclasses import dataclass

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

__all__ = ["TENSOR_TYPES", "TensorType"]


@dataclass(frozen=True)
class TensorType:
    """A type of ggml.

    Attributes
    ----------
    name : str
        ggml's, as in ``"Q8_0"``.
    number : int
        What stands for it in a file.
    block : int
        Weights of a block.
    block_bytes : int
        Bytes of a block.
    """

    name: str
    number: int
    block: int
    block_bytes: int


# The package does not know Q2_0 yet.
TENSOR_TYPES = {item.name: item for item in (
    TensorType("Q2_0", 42, 64, 18),
    *(TensorType(kind.name, int(kind), *GGML_QUANT_SIZES[kind]) for kind in GGMLQuantizationType))}
"""Types by their names."""
