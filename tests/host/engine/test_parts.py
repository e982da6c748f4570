"""Every part of a transformer against float64, on random models that have nothing else in common with real ones."""

from dataclasses import replace
from functools import cache
import math

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.exact.vector_pass import vector_pass
from gateware.isa import Function, Sink, Source
from host.arch.choices import Activation, NormKind
from host.arch.decoder import Decoder
from host.arch.hyperparameters import Hyperparameters
from host.arch.layer_kind import LayerKind
from host.arch.rope import Rope
from host.compiler.builder import ProgramBuilder
from host.compiler.compiled import compile_model
from host.compiler.layer_builder import LayerBuilder
from host.compiler.part import Part
from host.compiler.parts import ends
from host.compiler.parts.activation import slope
from host.compiler.scratchpad import Scratchpad
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.image.image import build_image
from testing.random_model import random_model

CONFIG = CONFIGS["sim"].changed(dot={"columns": 1, "slots": 2})
IDS = [7, 100, 271, 7]
ALL = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"})
PLAIN = Hyperparameters(layers=2, dim=64, heads=4, kv_heads=2, head_dim=16, ffn=96, vocab=272, context=16,
                        norm_eps=1e-5, kinds=(LayerKind(rope=Rope(dim=16)),), tied=True)
HALVES = (LayerKind(rope=Rope(dim=16, halves=True)),)


CASES = {
    "plain": ({}, {}),
    "other widths": ({}, {"heads": 3, "kv_heads": 1, "head_dim": 24}),
    "biases, in chunks": ({"biases": ALL}, {"ffn": 288}),
    "layer norm": ({"norm": NormKind.LAYER}, {}),
    "layer norm with bias": ({"norm": NormKind.LAYER, "norm_bias": True}, {}),
    "norms of heads": ({"head_norms": {}}, {}),
    "norms of heads, turned halves": ({"head_norms": {}}, {"kinds": HALVES}),
    "norms of heads, own weights": ({"norm": NormKind.LAYER, "head_norms": {"own": True}}, {"kinds": HALVES}),
    "norms of queries and keys": ({"head_norms": {"whole": True}}, {"kinds": HALVES}),
    "norms behind": ({"block_norms": ("post_attention_norm", "post_ffw_norm")}, {}),
    "norms before and behind": ({"block_norms": ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")},
                                {"residual_scale": 0.75}),
    "parallel": ({}, {"parallel": True}),
    "parallel, one norm": ({"block_norms": ("attn_norm",)}, {"parallel": True, "residual_scale": 0.5}),
    "fused": ({"biases": {"attn_q", "attn_k", "attn_v"}, "fused_gate": True}, {"fused_qkv": True, "kinds": HALVES}),
    "partial rope": ({}, {"kinds": (LayerKind(rope=Rope(dim=6, halves=True)),)}),
    "layers without rope": ({}, {"kinds": (LayerKind(rope=Rope(dim=16)), LayerKind())}),
    "two ropes": ({}, {"kinds": (LayerKind(rope=Rope(dim=16, halves=True, magnitude=1.2)),
                                 LayerKind(rope=Rope(dim=16, halves=True, theta=50.0, table="other")))}),
    "learned positions": ({"learned_positions": True}, {"kinds": (LayerKind(),), "embedding_scale": 2.0}),
    "factors": ({}, {"embedding_scale": 3.0, "residual_scale": 0.25, "attention_scale": 0.5, "logit_scale": 0.125}),
    "bias of logits": ({"norm": NormKind.LAYER, "norm_bias": True, "biases": {"output"}},
                       {"tied": False, "logit_scale": 0.5, "logit_cap": 2.0}),
    "caps": ({}, {"attention_cap": 0.5, "logit_cap": 1.5}),
    "no gate": ({"biases": ALL - {"ffn_gate"}}, {"ffn": 288, "gated": False, "activation": Activation.GELU_TANH}),
    **{f"gated {kind}": ({}, {"activation": kind}) for kind in Activation if kind != Activation.SILU},
    "squared relu without gate": ({}, {"gated": False, "activation": Activation.SQUARED_RELU}),
}


@cache
def model_of(name):
    """A model with random weights for a case."""
    attributes, changes = CASES[name]
    architecture = type("Random", (Decoder,), {"name": "random", **attributes})()
    return random_model(architecture, replace(PLAIN, norm=architecture.norm, **changes), seed=5)


def engine(model):
    return ModelEngine(build_image(compile_model(model, CONFIG, 16)))


def distance(found, ideal):
    return np.linalg.norm(found - ideal) / np.linalg.norm(ideal)


@pytest.mark.parametrize("name", CASES)
def test_the_accelerator_computes_what_float_does(name):
    model = model_of(name)
    machine = engine(model)
    found = np.stack([machine.step(token) for token in IDS])
    assert distance(found, FloatEngine(model).logits(IDS)) < 1.5e-4
    machine.reset()
    assert machine.group == 2 and machine.extend(IDS).tobytes() == found.tobytes()
    # The tokens that the accelerator thinks best have the largest of the logits that it stores.
    assert machine.choices == found.argmax(axis=1).tolist()


IDEAL_ACTIVATIONS = {
    Activation.SILU: lambda x: x / (1 + math.exp(-x)),
    Activation.GELU_TANH: lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    Activation.GELU_ERF: lambda x: x / 2 * math.erfc(-x / math.sqrt(2)),
    Activation.RELU: lambda x: max(x, 0.0),
    Activation.SQUARED_RELU: lambda x: max(x, 0.0)**2,
}


@pytest.mark.parametrize("kind", Activation)
def test_activations_are_exact_to_a_few_digits_of_fp32(kind):
    """The passes of one, on their own, at points everywhere and far out."""
    points = np.concatenate((np.linspace(-12, 12, 4801), np.geomspace(1e-30, 80, 200), -np.geomspace(1e-30, 80, 200)))
    points = np.append(points, 0.0).astype(np.float32)
    found = activated(kind, points).astype(np.float64)
    ideal = np.array([IDEAL_ACTIVATIONS[kind](float(point)) for point in points])
    assert np.abs(found - ideal).max() <= 2e-7 * np.maximum(1, np.abs(ideal)).max()
    near = np.abs(points) < 4
    assert np.abs(found - ideal)[near].max() < 5e-7 * (4 if kind == Activation.SQUARED_RELU else 1)


@pytest.mark.parametrize("kind", Activation)
def test_activations_of_huge_values_are_no_nan(kind):
    points = np.array([-1e18, -1e10, -1e4, 1e4, 1e10, 1e18], np.float32)
    power = 2 if kind == Activation.SQUARED_RELU else 1
    assert activated(kind, points).tolist() == pytest.approx([0, 0, 0, *(points[3:].astype(float) ** power)], rel=1e-6)


def activated(kind, points):
    """What the passes of an activation make of some values, each pass as the vector unit computes it."""
    class Recorder(LayerBuilder):
        """A builder without a model."""

        def __init__(self):
            ProgramBuilder.__init__(self)
            self.tokens, self.scratchpad = range(1), Scratchpad(1)

    builder = Recorder()
    x, to = (builder.scratchpad.take(len(points)) for _ in range(2))
    slope(builder, "activation", kind, x, to, len(points))
    vectors = {x: points}

    def operand(instruction, name):
        value = getattr(instruction, name)
        match getattr(instruction, f"{name}_source"):
            case Source.SCRATCHPAD:
                return vectors[value.vectors]
            case Source.IMMEDIATE:
                return np.uint32(value).view(np.float32)
            case Source.SAME:
                return operand(instruction, "a")

    with np.errstate(all="ignore"):
        for instruction in builder.program:
            vectors[instruction.destination.vectors] = vector_pass(
                *(operand(instruction, name) for name in "abc"), instruction.function)
        return vector_pass(points, vectors[to], np.float32(0), Function.IDENTITY)


def test_logits_are_capped_in_chunks(monkeypatch):
    model = model_of("caps")
    whole = engine(model).extend(IDS[:2])
    monkeypatch.setattr(ends, "_CHUNK", 64)
    compiled = compile_model(model, CONFIG, 16)
    lengths = [i.length for i in compiled.program if i.label.startswith("output.cap.") and i.sink == Sink.MEMORY]
    assert lengths == [64] * 4 + [16]
    assert ModelEngine(build_image(compiled)).extend(IDS[:2]).tobytes() == whole.tobytes()
    assert np.abs(whole).max() < 1.5


def test_programs_that_store_no_logits_cap_none():
    compiled = compile_model(model_of("caps"), CONFIG, 16)
    capped = {part: any("cap" in i.label and "output" in i.label for i in program)
              for (tokens, part), program in compiled.programs.items() if tokens == 1}
    assert capped[Part.DECODE] and not capped[Part.CHOOSE]


def test_rows_of_turned_halves_alternate_in_memory():
    """Of a head with 6 of 16 elements rotated: 0 3 1 4 2 5, then the rest as it is."""
    model = model_of("partial rope")
    tensors = compile_model(model, CONFIG, 16).placement.tensors
    order = [0, 3, 1, 4, 2, 5, *range(6, 16)]
    for name, heads in (("blk.1.attn_q.weight", 4), ("blk.1.attn_k.weight", 2)):
        rows = model.tensors[name].dequantise().reshape(heads, 16, 64)
        assert (tensors[name].dequantise().reshape(heads, 16, 64) == rows[:, order]).all()
    assert (tensors["blk.1.attn_v.weight"].raw == model.tensors["blk.1.attn_v.weight"].raw).all()


def test_what_is_fused_in_the_file_lies_apart_in_memory():
    model = model_of("fused")
    compiled = compile_model(model, CONFIG, 16)
    tensors, fused = compiled.placement.tensors, model.tensors["blk.0.ffn_up.weight"].dequantise()
    assert (tensors["blk.0.ffn_gate.weight"].dequantise() == fused[:96]).all()
    assert (tensors["blk.0.ffn_up.weight"].dequantise() == fused[96:]).all()
    values = model.tensors["blk.0.attn_qkv.bias"].dequantise()
    assert (tensors["blk.0.attn_v.bias"].dequantise() == values[:, 96:]).all()
    # 64 and 32 numbers of queries and keys, whose halves turn: every head is 0 8 1 9 and so on.
    assert (tensors["blk.0.attn_k.bias"].dequantise()[0, :4] == values[0, [64, 72, 65, 73]]).all()
    assert compiled.placement.map.regions.keys().isdisjoint({"blk.0.attn_qkv.weight", "blk.0.attn_qkv.bias"})


def test_keys_are_on_their_way_while_queries_are_computed():
    """Biases and norms of queries come behind the stores of keys and values."""
    for name in ("biases, in chunks", "norms of heads", "norms of queries and keys"):
        labels = [i.label for i in compile_model(model_of(name), CONFIG, 16).program]
        stored = labels.index("blk.0.kv.1.value.store")
        late = [index for index, label in enumerate(labels)
                if label.startswith(("blk.0.attn_q.bias", "blk.0.attn_q_norm"))]
        assert late and min(late) > stored
