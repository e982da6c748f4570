"""Shapes of models: sizes without weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from host.errors import CelosiaError
from host.gguf.model import Model, load
from host.arch.hyperparameters import Hyperparameters
from host.image.formats import FORMATS
from host.gguf.tensor import Tensor

__all__ = ["SHAPES", "Shape", "find_shape", "random_shape"]


def _llama(*, dim, ffn, layers, heads, kv_heads, vocab, context, theta, tied):
    return Hyperparameters(
        layers=layers, dim=dim, heads=heads, kv_heads=kv_heads, head_dim=dim // heads, ffn=ffn, vocab=vocab,
        context=context, rms_eps=1e-5, rope_theta=theta, rope_dim=dim // heads, tied=tied)


SHAPES = {
    "stories15m": _llama(dim=288, ffn=768, layers=6, heads=6, kv_heads=6, vocab=32000, context=256, theta=1e4,
                         tied=True),
    "tinyllama-1.1b": _llama(dim=2048, ffn=5632, layers=22, heads=32, kv_heads=4, vocab=32000, context=2048,
                             theta=1e4, tied=False),
    "smollm-135m": _llama(dim=576, ffn=1536, layers=30, heads=9, kv_heads=3, vocab=49152, context=2048,
                          theta=1e4, tied=True),
    "llama-3.2-1b": _llama(dim=2048, ffn=8192, layers=16, heads=32, kv_heads=8, vocab=128256, context=131072,
                           theta=5e5, tied=True),
}
"""Sizes of published models, from the metadata of their files."""


class Shape:
    """A model as a benchmark needs it: its sizes and the format of every tensor.

    Parameters
    ----------
    name : str
    model : host.gguf.model.Model
        Of a named shape, the tensors have no data of their own.
    format : str or None
        The type of every matrix; None if the file decides.

    Attributes
    ----------
    name, model, format
    random : bool
        The weights are not those of a file.
    hyperparameters : Hyperparameters
    """

    def __init__(self, name, model, format):
        self.name, self.model, self.format = name, model, format
        self.random = format is not None
        self.hyperparameters = model.hyperparameters

    @property
    def identical_layers(self):
        """Whether all layers have the same formats, and so cost the same."""
        kinds = {}
        for name, tensor in self.model.tensors.items():
            if name.startswith("blk."):
                _, layer, rest = name.split(".", 2)
                kinds.setdefault(int(layer), {})[rest] = tensor.ggml_type
        return all(layer == kinds[0] for layer in kinds.values())

    def cut(self, *, layers, context):
        """The model with fewer layers and another context, the output matrix as it is.

        A random model reads its embedding from the output matrix: one row of it per token is all that is
        read.
        """
        hp = replace(self.hyperparameters, layers=layers, context=context,
                     tied=self.random or self.hyperparameters.tied)
        tensors = {name: tensor for name, tensor in self.model.tensors.items()
                   if not (name.startswith("blk.") and int(name.split(".")[1]) >= layers)
                   and not (name == "output.weight" and hp.tied)}
        return replace(self.model, hyperparameters=hp, tensors=tensors)

    def with_context(self, context):
        """The whole model with another context."""
        return replace(self.model, hyperparameters=replace(self.hyperparameters, context=context))


def find_shape(name, format=None):
    """The shape that the command line calls ``name``.

    Parameters
    ----------
    name : str
        One of :data:`SHAPES`, or a GGUF file.
    format : str, optional
        ggml's name of a type; with it, every matrix has that type and random content. A named shape needs it.

    Raises
    ------
    CelosiaError
        If there is no such shape, file or format, or rows are not whole blocks of the format.
    """
    if format is not None and format not in FORMATS:
        raise CelosiaError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    if name in SHAPES:
        if format is None:
            raise CelosiaError(f"shape {name!r} has no weights of its own: choose their --format")
        return random_shape(name, SHAPES[name], format)
    if not Path(name).exists():
        raise CelosiaError(f"shape must be one of {', '.join(SHAPES)} or a GGUF file, not {name!r}")
    loaded = load(name)
    if format is None:
        return Shape(str(name), loaded, None)
    return random_shape(str(name), loaded.hyperparameters, format)


def random_shape(name, hp, format):
    """A shape of given sizes (:class:`Hyperparameters`) whose matrices all have one format; see
    :func:`find_shape`."""
    tensors = {}

    def add(tensor, shape, kind):
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
        if shape[1] % block:
            raise CelosiaError(f"{name}: rows of tensor {tensor!r} must be a multiple of the {kind} block of "
                               f"{block}, not {shape[1]}")
        # Matrices have no content: `host.bench.random_image` makes it. Norms are ones.
        raw = np.broadcast_to(np.zeros(1, np.uint8), (shape[0], shape[1] // block * size))
        if shape[0] == 1:
            raw = np.ones(shape, np.float32).view(np.uint8)
        tensors[tensor] = Tensor(tensor, shape, kind, raw)

    query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
    add("token_embd.weight", (hp.vocab, hp.dim), format)
    for layer in range(hp.layers):
        for part, shape in (
                ("attn_norm", None), ("attn_q", (query, hp.dim)), ("attn_k", (key, hp.dim)),
                ("attn_v", (key, hp.dim)), ("attn_output", (hp.dim, query)), ("ffn_norm", None),
                ("ffn_gate", (hp.ffn, hp.dim)), ("ffn_up", (hp.ffn, hp.dim)), ("ffn_down", (hp.dim, hp.ffn))):
            add(f"blk.{layer}.{part}.weight", shape or (1, hp.dim), format if shape else "F32")
    add("output_norm.weight", (1, hp.dim), "F32")
    if not hp.tied:
        add("output.weight", (hp.vocab, hp.dim), format)
    return Shape(name, Model(Path(name), {}, hp, tensors), format)
