"""Shapes of models: sizes without weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from host.errors import CelosiaError
from host.gguf.model import Model, load
from host.arch.registry import ARCHITECTURES
from host.arch.tensor_spec import TensorKind
from host.image.formats import FORMATS
from host.gguf.tensor import Tensor
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["SHAPES", "Shape", "find_shape", "random_shape"]

_OUTPUT = "output.weight"

SHAPES = {name: (architecture, published.hyperparameters(name, architecture)) for architecture in ARCHITECTURES.values()
          for name, published in architecture.published.items()}
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
        """Whether all layers have the same formats and windows, and so cost the same."""
        if len({*self.hyperparameters.kinds}) > 1:
            return False
        kinds = {}
        for name, tensor in self.model.tensors.items():
            if name.startswith("blk."):
                _, layer, rest = name.split(".", 2)
                kinds.setdefault(int(layer), {})[rest] = tensor.ggml_type
        return all(layer == kinds[0] for layer in kinds.values())

    def within(self, window, sinks):
        """The same with attention within a window (`host.gguf.model.Model.within`)."""
        return Shape(self.name, self.model.within(window, sinks), self.format)

    def cut(self, *, layers, context):
        """The model with fewer layers and another context, the output matrix as it is.

        A random model reads its embedding from the output matrix: one row of it per token is all that is
        read.
        """
        hp = replace(self.hyperparameters, layers=layers, context=context,
                     tied=self.random or self.hyperparameters.tied)
        tensors = {name: tensor for name, tensor in self.model.tensors.items()
                   if not (name.startswith("blk.") and int(name.split(".")[1]) >= layers)
                   and not (name == _OUTPUT and hp.tied)}
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
        return random_shape(name, *SHAPES[name], format)
    if not Path(name).exists():
        raise CelosiaError(f"shape must be one of {', '.join(SHAPES)} or a GGUF file, not {name!r}")
    loaded = load(name)
    if format is None:
        return Shape(str(name), loaded, None)
    return random_shape(str(name), loaded.architecture, loaded.hyperparameters, format)


def random_shape(name, architecture, hp, format):
    """A shape of given sizes (:class:`Hyperparameters`) whose matrices all have one format; see
    :func:`find_shape`."""
    tensors = {}
    for tensor, spec in architecture.tensors(hp).items():
        if spec.optional and (tensor != _OUTPUT or hp.tied):
            continue
        kind = format if spec.kind == TensorKind.MATRIX else "F32"
        block, size = TENSOR_TYPES[kind].block, TENSOR_TYPES[kind].block_bytes
        if spec.columns % block:
            raise CelosiaError(f"{name}: rows of tensor {tensor!r} must be a multiple of the {kind} block of "
                               f"{block}, not {spec.columns}")
        # Matrices have no content: `host.bench.random_image` makes it. Vectors are ones.
        raw = np.broadcast_to(np.zeros(1, np.uint8), (spec.rows, spec.columns // block * size))
        if spec.kind != TensorKind.MATRIX:
            raw = np.ones((spec.rows, spec.columns), np.float32).view(np.uint8)
        tensors[tensor] = Tensor(tensor, (spec.rows, spec.columns), kind, raw)
    return Shape(name, Model(Path(name), architecture, {}, hp, tensors), format)
