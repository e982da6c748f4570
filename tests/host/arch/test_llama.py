"""Llama with the parts that few files have."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.image import build_image

IDS = [7, 100, 271, 7, 40, 3]
FFN = 288  # more than a chunk of 256


@pytest.fixture
def biased(write_gguf, micro_tensors):
    """Function of the names of matrices that have a bias -> path of a model."""
    def write(names):
        rng, others = np.random.default_rng(4), np.random.default_rng(5)
        sizes = {"attn_q": 32, "attn_k": 16, "attn_v": 16, "attn_output": 32, "ffn_gate": FFN, "ffn_up": FFN,
                 "ffn_down": 32}
        tensors = {f"blk.0.{name}.bias": (others.standard_normal(sizes[name]).astype(np.float32), "F32")
                   for name in names}
        for name, shape in (("ffn_gate", (FFN, 32)), ("ffn_up", (FFN, 32)), ("ffn_down", (32, FFN))):
            tensors[f"blk.0.{name}.weight"] = (rng.standard_normal(shape).astype(np.float32) / 8, "F32")
        return write_gguf({"llama.feed_forward_length": FFN}, tensors, name=f"{'-'.join(names)}.gguf")
    return write


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("names", [
    ("attn_q",), ("attn_k",), ("attn_v",), ("attn_output",), ("ffn_gate",), ("ffn_up",), ("ffn_down",),
    ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"),
])
def test_biases(biased, names):
    """Each counts, token by token and in groups, as it does in the ideal."""
    model, plain = load(biased(names)), load(biased(()))
    ideal = FloatEngine(model).logits(IDS)
    assert distance(ideal, FloatEngine(plain).logits(IDS)) > 1e-2
    engines = [ModelEngine(build_image(compile_model(model, CONFIGS[name], 16))) for name in ("sim", "sim-columns")]
    found = np.stack([engines[0].step(id) for id in IDS])
    assert distance(found, ideal) < 2e-4
    assert engines[1].extend(IDS).tobytes() == found.tobytes()
    kinds = {instruction.label: instruction.kind for instruction in engines[0].image.compiled.program}
    assert {kinds[label] for label in kinds if ".bias" in label} == {"bias"}


def test_the_bias_of_the_ideal_is_added_to_the_matrix(biased):
    """A bias of the last matrix is added to the state as it is."""
    model, plain = load(biased(("ffn_down",))), load(biased(()))
    states = []
    for loaded in (model, plain):
        engine = FloatEngine(loaded)
        multiplied, multiply = {}, engine.multiply
        engine.multiply = lambda tensor, x, *rows: multiplied.update({tensor.name: x}) or multiply(tensor, x, *rows)
        engine.step(5)
        states.append(multiplied["token_embd.weight"][0])
    weight = model.tensors["output_norm.weight"].dequantise(dtype=np.float64)[0]
    one, other = (state / weight for state in states)
    bias = model.tensors["blk.0.ffn_down.bias"].dequantise(dtype=np.float64)[0]
    # Up to their root mean squares, both states differ by the bias: the three lie in one plane.
    assert np.linalg.matrix_rank(np.stack([one, other, bias]), tol=1e-6) == 2
