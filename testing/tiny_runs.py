"""What tests do with the models of `testing.tiny_models`."""

import re

import numpy as np
import pytest

from host.engine.float_engine import FloatEngine
from host.errors import CelosiaError
from host.gguf.model import load
from testing.tiny_models import TINY, tiny_model

__all__ = ["DECODERS", "IDS", "compute", "distance", "refusal", "tensors_of"]

IDS = [7, 100, 271, 7, 40, 3, 3, 90, 15, 200, 11, 64]
"""A text."""

DECODERS = [name for name in TINY if "bert" not in name]


def compute(path, ids=IDS, **options):
    """Logits of a text as the engine `float` has them, or an encoder's states: float64 (len(ids), vocab or dim)."""
    engine = FloatEngine(load(path), **options)
    return (engine.logits if engine.hyperparameters.causal else engine.states)(ids)


def distance(a, b):
    """Root of the mean square of a difference, relative to that of ``b``."""
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def refusal(path):
    """The message with which a file is refused, without its name."""
    with pytest.raises(CelosiaError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)[len(f"{path}: "):]


def tensors_of(name):
    """What differs from layer to layer in nothing but values: the tensors of layer 1, and of no layer."""
    _metadata, tensors = tiny_model(name)
    return {tensor: values for tensor, values in tensors.items() if not re.match(r"blk\.[02-9]\.", tensor)}
