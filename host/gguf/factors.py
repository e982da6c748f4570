"""Scales that whole tensors have, beside those of their blocks."""

import numpy as np

from host.arch.tensor_spec import TensorKind
from host.errors import CelosiaError
from host.gguf.opening import open_tensor

__all__ = ["read_factors"]

_WEIGHT, _FACTOR, _INPUT = ".weight", ".scale", ".input_scale"
_LAYERS = "blk."


def read_factors(file, specs):
    """Scales of the tensors of a file.

    A matrix of a layer, ``NAME.weight``, may have a tensor of one number, ``NAME.scale``, which its products are
    multiplied with, as files of NVFP4 do. ``NAME.input_scale`` is for who quantises what the matrix is multiplied with
    to NVFP4, and says nothing here.

    Parameters
    ----------
    file : host.gguf.file.GGUFFile
    specs : dict of str to host.arch.tensor_spec.TensorSpec

    Returns
    -------
    factors : dict of str to float
        By the name of the matrix.
    names : list of str
        The other tensors of the file.

    Raises
    ------
    CelosiaError
        If a scale is no single number, or none that is positive and finite.
    """
    factors, names = {}, []
    for name in file.tensors:
        stem, dot, kind = name.rpartition(".")
        matrix = stem + _WEIGHT
        if (name in specs or dot + kind not in (_FACTOR, _INPUT) or not name.startswith(_LAYERS)
                or matrix not in file.tensors or matrix not in specs or specs[matrix].kind != TensorKind.MATRIX):
            names.append(name)
        elif dot + kind == _FACTOR:
            factors[matrix] = _number(file, name)
    return factors, names


def _number(file, name):
    tensor = open_tensor(file, name, ("F32",))
    value = tensor.dequantise()
    if value.size != 1:
        raise CelosiaError(f"{file.path}: tensor {name!r} must hold one number, not {value.size}")
    if not (np.isfinite(value).all() and (value > 0).all()):
        raise CelosiaError(f"{file.path}: tensor {name!r} must hold a positive number, not {value.item()}")
    return float(value.item())
