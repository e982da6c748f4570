"""Encoders on the engines that execute programs."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.compiler.part import LayerPart, Part
from host.engine.encoder_runs import EncoderRun, encoder_runs
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.engine.rtl_engine import MemoryTiming, RtlEngine
from host.errors import CelosiaError
from host.evaluation.verification import verify_text
from host.gguf.model import load
from host.image.image import build_image
from testing.micro_encoder import encoder

NAMES = ("bert", "modern-bert")
TEXT = [2, 9, 30, 4, 4, 17, 8, 25, 11, 6, 3]
MICRO = CONFIGS["micro"]


def engine(model, config=MICRO, *, context=16, kv_bits=16):
    return ModelEngine(build_image(compile_model(model, config, context, kv_bits=kv_bits)))


def distance(found, ideal):
    return np.linalg.norm(found - ideal) / np.linalg.norm(ideal)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [1, 2, 11])
def test_states_are_close_to_the_ideal(name, length):
    model = encoder(name)
    found = engine(model).states(TEXT[:length])
    assert found.dtype == np.float32 and found.shape == (length, 32)
    assert distance(found, FloatEngine(model).states(TEXT[:length])) < 2e-4


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_and_group_gives_the_same_bits(name):
    model, groups, bits = encoder(name), set(), set()
    for config in (MICRO, CONFIGS["sim"], CONFIGS["sim-narrow"], CONFIGS["sim-columns"]):
        machine = engine(model, config)
        groups.add(machine.group)
        bits.add(machine.states(TEXT).tobytes())
    assert groups == {1, 2, 4} and len(bits) == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_was_there_before_does_not_matter(name):
    machine, model = engine(encoder(name)), encoder(name)
    machine.states(TEXT[::-1])
    assert machine.states(TEXT[:5]).tobytes() == engine(model).states(TEXT[:5]).tobytes()
    assert engine(model, context=32).states(TEXT[:5]).tobytes() == engine(model).states(TEXT[:5]).tobytes()


def test_a_token_sees_half_a_window_to_either_side():
    """Of one layer with a window of 6."""
    model = encoder("modern-bert", layers=1)
    kinds = model.hyperparameters.kinds[1:]
    machine = engine(replace(model, hyperparameters=replace(model.hyperparameters, kinds=kinds)))
    before = machine.states(TEXT)
    after = machine.states([*TEXT[:5], 21, *TEXT[6:]])
    assert [int(position) for position in np.flatnonzero((before != after).any(axis=1))] == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("kv_bits, most", [(8, 2e-2), (4, 3e-1)])
def test_caches_of_fewer_bits(kv_bits, most):
    model = encoder("bert")
    found = distance(engine(model, kv_bits=kv_bits).states(TEXT), FloatEngine(model).states(TEXT))
    assert 1e-4 < found < most


@pytest.mark.parametrize("name", NAMES)
def test_gateware_computes_every_value_as_the_model_does(name):
    """On a memory that stalls, with tokens one by one and in groups."""
    image = build_image(compile_model(encoder(name), MICRO, 16))
    machine = ModelEngine(replace(image, memory=image.memory.copy()))
    rtl = RtlEngine(image, memory=MemoryTiming(stall_probability=0.2, seed=7))
    *_, one = verify_text(machine, rtl, TEXT[:5], 1)
    *_, groups = verify_text(machine, rtl, TEXT[:5], 2)
    assert one.difference is None and groups.difference is None
    assert one.ids == groups.ids == TEXT[:5] and groups.instructions > 500 and one.values > 20_000
    assert one.logits_hash == groups.logits_hash
    assert rtl.states(TEXT[:5]).tobytes() == machine.states(TEXT[:5]).tobytes()


def test_the_first_difference_has_its_place():
    """A bit of a weight that the second group is the first to meet again, in the last layer."""
    compiled = compile_model(encoder("bert"), MICRO, 16)
    image = build_image(compiled)
    damaged = image.memory.copy()
    damaged[compiled.placement.map.address("blk.1.ffn_up.weight") + 100] ^= 4
    *_, result = verify_text(ModelEngine(image), ModelEngine(replace(image, memory=damaged)), TEXT[:3], 2)
    assert result.label == "blk.1.ffn_up" and result.difference.kind == "scratchpad"
    assert result.where() == "layer 1 of tokens 0 to 1"


def test_layers_share_two_caches():
    regions = compile_model(encoder("modern-bert"), MICRO, 16).placement.map.regions
    first, second, third = (regions[f"blk.{layer}.kv.3.value"] for layer in range(3))
    assert first == third and first != second and len(second) == 8 * 32 * 2


def test_kinds():
    """Every instruction says what it is for, and which layer it belongs to."""
    compiled = compile_model(encoder("modern-bert"), MICRO, 16)
    found = {instruction.label: (instruction.layer, instruction.kind) for program in compiled.programs.values()
             for instruction in program}
    assert found.items() >= {
        "token_embd": (None, "embedding"), "states.keep": (None, "states"), "states": (2, "states"),
        "blk.1.kv.0.key.store": (1, "store"), "blk.1.far.distance": (1, "softmax"), "blk.2.ffn_up": (2, "matrix"),
        "output_norm": (None, "norm")}.items()


def test_way_of_a_text():
    def keep(layer, tokens):
        return EncoderRun(part=LayerPart(Part.KEEP, layer), tokens=tokens, position=tokens[0], first=tokens[0])

    def see(layer, tokens):
        return EncoderRun(part=LayerPart(Part.LAYER, layer), tokens=tokens, position=2, first=tokens[0])

    assert list(encoder_runs(encoder("bert").hyperparameters, [7, 8, 9], 2)) == [
        EncoderRun(part=Part.ENTER, tokens=[7, 8], position=0, first=0), keep(0, [0, 1]),
        EncoderRun(part=Part.ENTER, tokens=[9], position=2, first=2), keep(0, [2]),
        see(0, [0, 1]), keep(1, [0, 1]), see(0, [2]), keep(1, [2]),
        see(1, [0, 1]), keep(2, [0, 1]), see(1, [2]), keep(2, [2])]


@pytest.mark.parametrize("ids, message", [
    ([2, 40], "Token id must be below 35, not 40"),
    ([2] * 17, "17 tokens do not fit the context of 16"),
])
def test_texts_that_cannot_be(ids, message):
    machine = engine(encoder("bert"))
    with pytest.raises(CelosiaError) as error:
        machine.states(ids)
    assert str(error.value) == message


def test_encoders_predict_nothing_and_decoders_are_none(write_gguf):
    with pytest.raises(CelosiaError, match=r"^random: architecture 'bert' makes vectors of texts and no logits$"):
        engine(encoder("bert")).extend([1])
    path = write_gguf()
    with pytest.raises(CelosiaError) as error:
        engine(load(path)).states([1])
    assert str(error.value) == f"{path}: architecture 'llama' predicts tokens: it is no encoder"
