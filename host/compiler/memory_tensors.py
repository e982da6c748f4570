"""The tensors of a model as an accelerator has them."""

import numpy as np

from host.arch.tensor_spec import TensorKind
from host.compiler.biased_tensor import BiasedTensor
from host.errors import CelosiaError
from host.gguf.tensor import Tensor

__all__ = ["memory_tensors"]

_BIAS = "output.bias"


def memory_tensors(model):
    """What goes into the memory of an accelerator.

    A tensor of the file that holds several things, such as queries, keys and values, is one tensor for each; heads
    whose halves turn together have their rows in the order in which neighbours do (see
    `host.arch.tensor_part.Halves`). A bias of logits becomes columns of the output matrix (see `BiasedTensor`), and in
    its own place is what states have there.

    Parameters
    ----------
    model : host.gguf.model.Model

    Returns
    -------
    dict of str to (TensorKind, Tensor)
        By the name of the part, or of the tensor that is one thing, in the order of the file. Matrices are views of the
        file, parts of vectors are F32.

    Raises
    ------
    CelosiaError
        If logits have a bias that cannot be a part of the output matrix.
    """
    result = {}
    for name, tensor in model.tensors.items():
        spec, first = model.specs[name], 0
        for part in spec.parts:
            take = _rows if spec.kind == TensorKind.MATRIX else _elements
            result[part.name] = spec.kind, take(tensor, part, first)
            first += part.count
        if not spec.parts:
            result[name] = spec.kind, tensor
    if _BIAS in result:
        if model.hyperparameters.tied:
            raise CelosiaError(f"{model.path}: tensor {_BIAS!r} must come with an output matrix of its own")
        biased = BiasedTensor(model.path, model.output, result[_BIAS][1].dequantise()[0])
        result[model.output.name] = TensorKind.MATRIX, biased
        result[_BIAS] = TensorKind.VECTOR, _vector(_BIAS, biased.ones[None])
    return result


def _order(part):
    return None if part.halves is None else part.halves.order(part.count)


def _rows(tensor, part, first):
    return tensor.excerpt(part.name, slice(first, first + part.count), _order(part))


def _elements(tensor, part, first):
    """Some elements of every row of a vector."""
    values = tensor.dequantise()[:, first:first + part.count]
    if part.halves:
        values = values[:, _order(part)]
    return _vector(part.name, values)


def _vector(name, values):
    values = np.ascontiguousarray(values, np.float32)
    return Tensor(name, values.shape, "F32", values.view(np.uint8))
