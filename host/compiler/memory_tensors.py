"""The tensors of a model as an accelerator has them."""

import numpy as np

from host.arch.tensor_spec import TensorKind
from host.gguf.tensor import Tensor

__all__ = ["memory_tensors"]


def memory_tensors(model):
    """What goes into the memory of an accelerator.

    A tensor of the file that holds several things, such as queries, keys and values, is one tensor for each; heads
    whose halves turn together have their rows in the order in which neighbours do (see
    `host.arch.tensor_part.Halves`).

    Parameters
    ----------
    model : host.gguf.model.Model

    Returns
    -------
    dict of str to (TensorKind, Tensor)
        By the name of the part, or of the tensor that is one thing, in the order of the file. Matrices are views of the
        file, parts of vectors are F32.
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
    values = np.ascontiguousarray(values, np.float32)
    return Tensor(part.name, values.shape, "F32", values.view(np.uint8))
