"""Files of every architecture."""

import numpy as np
import pytest

from testing.micro_model import METADATA, SHAPES
from testing.tiny_models import tiny_model


@pytest.fixture
def tiny(write_gguf):
    """Function that writes a model of `testing.tiny_models` and returns its path.

    ``keys``, without the architecture's name, and ``tensors`` are changes to it; None takes an entry away.
    """
    def write(name, keys=None, tensors=None, *, seed=1, layers=None):
        metadata, values = tiny_model(name, seed=seed, layers=layers)
        values |= tensors or {}
        nothing = {key: None for key in METADATA if key.startswith("llama.")}
        changed = {key if key.startswith(("general.", "tokenizer.")) else f"{name}.{key}": value
                   for key, value in (keys or {}).items()}
        absent = dict.fromkeys(SHAPES)
        entries = {key: None if value is None else (np.asarray(value, np.float32), "F32")
                   for key, value in values.items()}
        return write_gguf(nothing | metadata | changed, absent | entries, architecture=name, name=f"{name}.gguf")
    return write
