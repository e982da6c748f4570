"""Models with random weights, of hyperparameters alone."""

from pathlib import Path

import numpy as np

from host.arch.tensor_spec import TensorKind
from host.gguf.model import Model
from host.gguf.tensor import Tensor

__all__ = ["random_model"]


def random_model(architecture, hyperparameters, *, seed):
    """A model with random weights that the accelerator keeps exactly.

    Parameters
    ----------
    architecture : host.arch.architecture.Architecture
    hyperparameters : host.arch.hyperparameters.Hyperparameters
        Of a decoder with tied output there is no output matrix.
    seed : int

    Returns
    -------
    host.gguf.model.Model
    """
    random, tensors = np.random.default_rng(seed), {}
    for name, spec in architecture.tensors(hyperparameters).items():
        if name == "output.weight" and hyperparameters.tied:
            continue
        values = random.standard_normal((spec.rows, spec.columns)).astype(np.float32)
        if spec.kind == TensorKind.MATRIX:
            values = np.round(values * 256) / np.float32(256 << (spec.columns.bit_length() - 1) // 2)
        elif name.endswith("norm.weight"):
            values = 1 + values / 4
        tensors[name] = Tensor(name, values.shape, "F32", values.view(np.uint8))
    return Model(Path("random"), architecture, {}, hyperparameters, tensors)
