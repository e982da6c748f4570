"""Scales of whole tensors: what they do, and which are refused."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Opcode
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.errors import CelosiaError
from host.gguf.model import load
from host.image.image import build_image
from testing.micro_model import micro_tensors

NAMES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
FACTORS = (1.5, 0.75, 2.25, 0.625, 1.25, 3, 0.5)


def scales(names=NAMES, factors=FACTORS, kind="scale"):
    return {f"blk.0.{name}.{kind}": (np.array([factor], np.float32), "F32") for name, factor in zip(names, factors)}


def test_as_weights_that_are_so_much_larger(write_gguf):
    """The ideal is that of the products; the golden model multiplies results in passes of its own."""
    scaled = load(write_gguf(tensors=scales() | scales(kind="input_scale"), ggml_type="F32"))
    plain = micro_tensors("F32")
    for name, factor in zip(NAMES, FACTORS):
        plain[f"blk.0.{name}.weight"] = plain[f"blk.0.{name}.weight"][0] * np.float32(factor), "F32"
    expected = FloatEngine(load(write_gguf(tensors=plain, name="plain.gguf"))).logits([1, 2, 3, 40])
    ideal = FloatEngine(scaled).logits([1, 2, 3, 40])
    assert np.linalg.norm(ideal - expected) < 1e-6 * np.linalg.norm(expected)
    compiled = compile_model(scaled, CONFIGS["micro"], 16)
    labels = {i.label for i in compiled.program if i.opcode == Opcode.VECTOR}
    assert labels >= {f"blk.0.{name}.scale" for name in NAMES}
    engine = ModelEngine(build_image(compiled))
    logits = np.stack([engine.step(token) for token in (1, 2, 3, 40)])
    assert np.linalg.norm(logits - ideal) < 2e-4 * np.linalg.norm(ideal)


def test_a_scale_of_one_is_no_pass(write_gguf):
    with_ones = compile_model(load(write_gguf(tensors=scales(factors=[1] * 7))), CONFIGS["micro"], 16)
    assert len(with_ones.program) == len(compile_model(load(write_gguf()), CONFIGS["micro"], 16).program)


@pytest.mark.parametrize("name, values, kind, message", [
    ("blk.0.attn_q.scale", [1, 2], "F32", "tensor 'blk.0.attn_q.scale' must hold one number, not 2"),
    ("blk.0.attn_q.scale", [0], "F32", "tensor 'blk.0.attn_q.scale' must hold a positive number, not 0.0"),
    ("blk.0.attn_q.scale", [np.inf], "F32", "tensor 'blk.0.attn_q.scale' must hold a positive number, not inf"),
    ("blk.0.attn_q.scale", [1], "F16", "tensor 'blk.0.attn_q.scale' has type F16; supported are F32"),
    ("blk.0.attn_norm.scale", [1], "F32", "tensor 'blk.0.attn_norm.scale' is not supported"),
    ("blk.1.attn_q.scale", [1], "F32", "tensor 'blk.1.attn_q.scale' is not supported"),
    ("token_embd.scale", [1], "F32", "tensor 'token_embd.scale' is not supported"),
])
def test_what_is_refused(write_gguf, name, values, kind, message):
    path = write_gguf(tensors={name: (np.array(values, {"F32": np.float32, "F16": np.float16}[kind]), kind)})
    with pytest.raises(CelosiaError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {message}"
