"""A new architecture is one file: here it is entered in the registry, and everything else works."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.arch.registry import ARCHITECTURES
from host.bench.shape import random_shape
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.errors import CelosiaError
from host.gguf.model import load
from host.image.image import build_image
from tests.host.arch.toy import Toy

KEYS = ("block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
        "attention.head_count_kv", "attention.layer_norm_rms_epsilon")
IDS = [7, 100, 271, 7, 40, 3, 3, 90, 15]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "toy", Toy())


@pytest.fixture
def toy(write_gguf, micro_tensors):
    """Function (**more keys) -> path of a model of two layers."""
    def write(**more):
        values = dict(zip(KEYS, (2, 32, 32, 64, 4, 2, 1e-5))) | more
        one, two = micro_tensors(seed=5), micro_tensors(seed=6)
        names = {"blk.0.attn_norm.weight": "blk.0.first_norm.weight",
                 "blk.0.ffn_norm.weight": "blk.0.attn_output_norm.weight", "output_norm.weight": "last_norm.weight"}
        tensors = dict.fromkeys(names) | {names.get(name, name): tensor for name, tensor in one.items()}
        tensors |= {names.get(name, name).replace("blk.0", "blk.1"): tensor for name, tensor in two.items()
                    if name.startswith("blk")}
        metadata = {f"llama.{key}": None for key in KEYS} | {f"toy.{key}": value for key, value in values.items()}
        return write_gguf(metadata, tensors, architecture="toy")
    return write


def logits(model, config, groups):
    engine = ModelEngine(build_image(compile_model(model, CONFIGS[config], 16)))
    rows, ids = [], list(IDS)
    for count in groups:
        rows.append(engine.extend([ids.pop(0) for _ in range(count)]))
    return np.concatenate(rows)


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_the_accelerator_computes_its_own_reference(toy):
    model = load(toy())
    ideal = FloatEngine(model).logits(IDS)
    found = logits(model, "sim", [1] * 9)
    assert distance(found, ideal) < 2e-4
    assert logits(model, "sim-columns", [4, 1, 3, 1]).tobytes() == found.tobytes()
    assert logits(model, "micro", [2, 2, 2, 2, 1]).tobytes() == found.tobytes()


def test_the_reference_is_not_that_of_another_architecture(toy):
    """Attention knows no positions: exchanged tokens of the past change nothing after the last one of a single layer,
    and the second norm makes it blind to the size of what attention gives."""
    model = load(toy(block_count=2))
    single = load(toy())
    object.__setattr__(single, "hyperparameters", type(single.hyperparameters)(
        **{**vars(single.hyperparameters), "layers": 1}))
    one, other = FloatEngine(single).logits([5, 6, 7]), FloatEngine(single).logits([6, 5, 7])
    assert distance(one[2], other[2]) < 1e-12
    assert distance(FloatEngine(model).logits([5, 6, 7])[2], one[2]) > 1e-3


def test_its_keys_and_tensors_are_its_own(toy, write_gguf):
    assert load(toy(colour="red")).architecture.name == "toy"
    message = r"metadata key 'toy\.sound' must be absent \(it is not known\), not 'loud'$"
    with pytest.raises(CelosiaError, match=message):
        load(toy(sound="loud"))
    with pytest.raises(CelosiaError, match="architecture must be one of llama, qwen2, .*, toy, not 'mamba'$"):
        load(write_gguf(architecture="mamba"))


def test_benchmarks_have_its_shape(toy):
    model = load(toy())
    shape = random_shape("toy", model.architecture, model.hyperparameters, "Q4_0")
    assert {*shape.model.tensors} == {*model.tensors} and shape.identical_layers
    kinds = {instruction.kind for instruction in compile_model(shape.model, CONFIGS["sim"], 16).program}
    assert "norm" in kinds and "rope" not in kinds
