"""A model in a GGUF file: hyperparameters and tensors, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from host.arch.architecture import Architecture
from host.arch.hyperparameters import Hyperparameters
from host.arch.keys import Keys
from host.arch.registry import find_architecture
from host.arch.tensor_spec import TensorKind
from host.errors import CelosiaError, quoted
from host.gguf.file import GGUFFile
from host.gguf.factors import read_factors
from host.gguf.foreign import refuse_other_contents
from host.gguf.metadata import Metadata
from host.gguf.opening import SUPPORTED_TYPES, open_tensor
from host.gguf.tensor import FLOAT_TYPES, Tensor

__all__ = ["FileTensors", "Model", "Part", "check_values", "load"]

_OUTPUT = "output.weight"
_EMBEDDING = "token_embd.weight"


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a matrix, or elements of a vector, under a name of their own.

    Attributes
    ----------
    tensor : Tensor
        Which they are of.
    first, count : int
    """

    tensor: Tensor
    first: int
    count: int

    @property
    def slice(self):
        """Where they are."""
        return slice(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model.

    Attributes
    ----------
    path : pathlib.Path
    architecture : host.arch.architecture.Architecture
    metadata : collections.abc.Mapping
        Every key of the file (see `host.gguf.file.GGUFFile`).
    hyperparameters : Hyperparameters
    tensors : dict of str to Tensor
        By ggml's names, in the order of the file; ``output.weight`` is absent from a tied model.
    zeros : float
        Share of the tensors' bytes that is in rows of nothing but zeros; 0 of a model whose values were not checked.
    """

    path: Path
    architecture: Architecture
    metadata: Mapping
    hyperparameters: Hyperparameters
    tensors: dict[str, Tensor]
    zeros: float = 0.0

    @cached_property
    def specs(self):
        """What the architecture says of every tensor: dict of str to TensorSpec."""
        return self.architecture.tensors(self.hyperparameters)

    @cached_property
    def _parts(self):
        parts = {}
        for name in self.specs.keys() & self.tensors.keys():
            tensor, first = self.tensors[name], 0
            parts.setdefault(name, Part(tensor, 0, tensor.shape[0 if self.is_matrix(name) else 1]))
            for part in self.specs[name].parts:
                parts[part.name] = Part(tensor, first, part.count)
                first += part.count
        return parts

    def part(self, name):
        """What an architecture calls `name`: a tensor, or some of the rows of one that holds more than that.

        Returns
        -------
        Part or None
            None if the file has nothing of that name.
        """
        return self._parts.get(name)

    def within(self, window, sinks=0):
        """The model with attention within a window: see `host.arch.hyperparameters.Hyperparameters.within`.

        Raises
        ------
        CelosiaError
            If tokens see those after them.
        """
        if not self.hyperparameters.causal:
            raise CelosiaError(f"{self.path}: a window is for models whose tokens see none of those after them")
        return replace(self, hyperparameters=self.hyperparameters.within(window, sinks))

    def is_matrix(self, name):
        """Whether the dot engine reads a tensor; others go to the vector unit, as fp32."""
        return self.specs[name].kind == TensorKind.MATRIX

    def check_predicts(self):
        """Refuse an encoder where tokens are predicted.

        Raises
        ------
        CelosiaError
            If it is one.
        """
        if not self.hyperparameters.causal:
            raise CelosiaError(f"{self.path}: architecture {self.architecture.name!r} makes vectors of texts and no "
                               f"logits")

    def check_encodes(self):
        """Refuse a decoder where states of a whole text are wanted.

        Raises
        ------
        CelosiaError
            If it is one.
        """
        if self.hyperparameters.causal:
            raise CelosiaError(f"{self.path}: architecture {self.architecture.name!r} predicts tokens: it is no "
                               f"encoder")

    @property
    def output(self):
        """The matrix that turns the last normalised state into logits."""
        return self.tensors[_EMBEDDING if self.hyperparameters.tied else _OUTPUT]


class FileTensors:
    """The tensors of a file, for an architecture that reads its hyperparameters.

    Parameters
    ----------
    file : host.gguf.file.GGUFFile
    """

    def __init__(self, file):
        self._file = file

    def __contains__(self, name):
        return name in self._file.tensors

    def rows(self, name):
        """Rows of a tensor.

        Raises
        ------
        CelosiaError
            If there is no such tensor, or something is wrong with it.
        """
        return self._open(name, SUPPORTED_TYPES).shape[0]

    def positive(self, name):
        """The elements of a vector of positive numbers: float32 array.

        Raises
        ------
        CelosiaError
            If it is none, or missing.
        """
        values = self._open(name, FLOAT_TYPES).dequantise()[0]
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise CelosiaError(f"{self._file.path}: tensor {name!r} must hold positive numbers")
        return values

    def _open(self, name, types):
        if name not in self:
            raise CelosiaError(f"{self._file.path}: tensor {name!r} is missing")
        return open_tensor(self._file, name, types)


def load(path, *, check=True):
    """Open a GGUF file; tensor data stay in the memory-mapped file.

    Parameters
    ----------
    path : str or os.PathLike
    check : bool
        Also read all tensors once, to find NaN, infinity and reserved codes (see `check_values`).

    Returns
    -------
    Model

    Raises
    ------
    CelosiaError
        One line that names the file, the tensor or key and the value.
    """
    file = GGUFFile(path)
    refuse_other_contents(path, file.metadata, file.tensors)
    architecture = find_architecture(path, Metadata(path, file.metadata).text("general.architecture"))
    keys = Keys(path, file.metadata, architecture.name)
    hyperparameters = architecture.hyperparameters(keys, FileTensors(file))
    # A damaged block count can be huge: one layer more than the file can hold is enough to miss a tensor.
    bounded = replace(hyperparameters, layers=min(hyperparameters.layers, len(file.tensors) + 1))
    specs = architecture.tensors(bounded)
    factors, names = read_factors(file, specs)
    for name in names:
        if name not in specs:
            raise CelosiaError(f"{path}: tensor {quoted(name)} is not supported")
    for name, spec in specs.items():
        if name not in file.tensors and not spec.optional:
            raise CelosiaError(f"{path}: tensor {name!r} is missing")
    tensors = {name: _read(file, name, specs[name]) for name in names}
    for name, factor in factors.items():
        tensors[name].factor = factor
    model = Model(Path(path), architecture, file.metadata, hyperparameters, {
        name: tensor for name, tensor in tensors.items() if specs[name].kind != TensorKind.FACTORS})
    if check:
        return replace(model, zeros=check_values(model))
    return model


def check_values(model):
    """Look for NaN and infinity in all scales and in all weights that have none, and for reserved codes.

    Raises
    ------
    CelosiaError
        Naming the tensor, the row and the block or column of the first one found.

    Returns
    -------
    float
        Share of all bytes that is in rows of nothing but zeros.
    """
    zeros = sum(tensor.check_values(model.path) for tensor in model.tensors.values())
    return zeros / sum(tensor.raw.size for tensor in model.tensors.values())


def _read(file, name, spec):
    """The tensor called `name`, its format and its shape as an architecture wants them."""
    tensor = open_tensor(file, name, SUPPORTED_TYPES if spec.kind == TensorKind.MATRIX else FLOAT_TYPES)
    found = tuple(reversed(file.tensors[name].dims))
    if tensor.shape != (spec.rows, spec.columns) or _stripped(found) != _stripped(spec.shape):
        raise CelosiaError(f"{file.path}: tensor {name!r} must have shape {spec.shape}, not {found}")
    return tensor


def _stripped(shape):
    """A shape without leading ones, which say nothing."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape
