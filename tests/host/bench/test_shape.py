"""Shapes: their sizes, the bytes they need, and what is refused."""

import dataclasses
import inspect
import re

import numpy as np
import pytest

from boards.board import BOARDS
from gateware.isa import CodeKind
from host.bench.board import find_board
from host.bench.measure import measure
from host.bench.random_image import random_blocks
from host.bench.shape import SHAPES, find_shape
from host.bench.useful_bytes import kv_bytes, macs, useful_bytes, weight_bytes
from host.compiler.compiled import compile_model
from host.errors import CelosiaError
from host.image.formats import FORMATS

PARAMETERS = {
    "stories15m": 15_191_712, "tinyllama-1.1b": 1_100_048_384, "smollm-135m": 134_515_008,
    "llama-3.2-1b": 1_235_814_400, "qwen2.5-0.5b": 494_032_768, "qwen2.5-1.5b": 1_543_714_304,
    "qwen3-0.6b": 596_049_920, "qwen3-1.7b": 1_720_574_976, "bonsai-1.7b": 1_720_028_160,
    "gemma-2-2b": 2_614_341_888, "gemma-3-270m": 268_098_176, "gemma-3-1b": 999_885_952, "phi-1.5": 1_418_270_720,
    "phi-2": 2_779_683_840, "phi-3-mini-4k": 3_821_079_552, "smollm3-3b": 3_075_098_624,
    "granite-3.1-2b": 2_533_531_648, "olmo-2-1b": 1_484_916_736, "stablelm-2-1.6b": 1_644_515_328 - 24 * 3 * 2048,
    "starcoder2-3b": 3_030_371_328, "gpt2": 124_439_808, "gpt2-medium": 354_823_168, "pythia-70m": 70_426_624,
    "pythia-160m": 162_322_944, "pythia-410m": 405_334_016, "all-minilm-l6": 22_713_216 - 385 * 384,
    "bge-small": 33_360_000 - 385 * 384, "modernbert-base": 149_014_272}
"""Of the published models, but for BERT's pooler and the biases of StableLM, which shapes do not have."""


@pytest.mark.parametrize("name", SHAPES)
def test_named_shapes_have_the_parameters_of_their_models(name):
    shape = find_shape(name, "Q8_0")
    assert sum(tensor.shape[0] * tensor.shape[1] for tensor in shape.model.tensors.values()) == PARAMETERS[name]
    assert shape.random
    assert shape.identical_layers == (not name.startswith(("gemma", "smollm3", "modernbert")))


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_of_weights(format):
    """As in the file, where the gateware takes what the file has; never more than the image, nor much
    less."""
    tensor = random_blocks("matrix.weight", (4, 2048), format, np.random.default_rng(1))
    tensor.check_values("random")
    if format in ("F32", "F16", "BF16"):
        assert weight_bytes(tensor) == 4 * (2048 * 2 + 64)
    elif FORMATS[format].code_kind != CodeKind.TRITS:
        assert weight_bytes(tensor) == tensor.raw.size
    else:
        assert tensor.raw.size * 0.75 < weight_bytes(tensor) <= tensor.raw.size


def test_bytes_of_a_token(small, board):
    """Against what the program reads: that has padding and itself besides, where nothing is read again."""
    shape = small(heads=2, head_dim=32)
    compiled = compile_model(shape.cut(layers=8, context=64), board.config)
    program = 64 * len(compiled.program)
    for position in (32, 64):
        useful, read = useful_bytes(shape.model, position), compiled.read_bytes(position - 1) - program
        rope, padding = 2 * 128, sum(
            geometry.beats(tensor.shape[0]) * geometry.bus_bytes - weight_bytes(tensor)
            for name, geometry in compiled.placement.rows.items() for tensor in [shape.model.tensors[name]])
        embedding = compiled.placement.rows["token_embd.weight"]
        assert useful + padding + rope + embedding.beats() * embedding.bus_bytes == read
    assert useful_bytes(shape.model, 64) - useful_bytes(shape.model, 32) == kv_bytes(shape.hyperparameters, 32)
    assert kv_bytes(shape.hyperparameters, 1, 4) == 8 * 2 * 2 * (16 + 4)
    assert macs(shape.model, 1) - macs(shape.model, 1, output=False) == 320 * 64


def test_a_file_keeps_its_own_weights(write_gguf):
    shape = find_shape(str(write_gguf()))
    assert not shape.random and shape.format is None and shape.identical_layers
    assert find_shape(str(write_gguf()), "Q4_0").model.tensors["blk.0.attn_q.weight"].ggml_type == "Q4_0"


@pytest.mark.parametrize(("name", "format", "message"), [
    ("tiny", None, f"shape must be one of {', '.join(SHAPES)} or a GGUF file, not 'tiny'"),
    ("stories15m", None, "shape 'stories15m' has no weights of its own: choose their --format"),
    ("stories15m", "Q9", f"format must be one of {', '.join(FORMATS)}, not 'Q9'"),
    ("stories15m", "Q4_K", "stories15m: rows of tensor 'token_embd.weight' must be a multiple of the Q4_K block of "
                           "256, not 288"),
])
def test_shapes_that_there_are_not(name, format, message):
    with pytest.raises(CelosiaError, match=f"^{re.escape(message)}$"):
        find_shape(name, format)


@pytest.mark.parametrize(("changes", "options", "message"), [
    ({}, {"position": 0}, "position must be 1 or more, not 0"),
    ({}, {"position": 8, "prefill": -1}, "prefill must be 0 or more, not -1"),
    ({}, {"position": 9000}, "small: context 9000 needs 9024 elements of x-buffer, 6976 more than configuration 'sim' "
                             "has (2048)"),
    ({"dim": 2048, "head_dim": 64, "heads": 32, "kv_heads": 32}, {"position": 2000},
     "small: context 2000 needs 10368 elements of scratchpad, 2176 more than configuration 'sim' has (8192)"),
    ({"layers": 99}, {"position": 1024},
     "small: the image of 27104896 bytes, context 1024, is 26056320 bytes more than the DRAM of board 'ideal-test' "
     "has (1048576)"),
])
def test_what_does_not_fit(board, small, changes, options, message):
    with pytest.raises(CelosiaError, match=f"^{re.escape(message)}$"):
        measure(board, small(**changes), **options)


def test_the_image_is_that_of_the_whole_model(board, small):
    """All programs counted, from those of one and two layers."""
    shape = small(layers=5)
    exact = compile_model(shape.cut(layers=5, context=16), board.config).placement.image_bytes
    tight = dataclasses.replace(board, dram_bytes=exact - 1)
    with pytest.raises(CelosiaError, match=f"^small: the image of {exact} bytes, context 16, is 1 bytes more than"):
        measure(tight, shape, position=16)


def test_boards():
    message = "^board must be one of ulx3s, ulx3s-100, ecpix5, .*, ideal-256, not 'de10'$"
    with pytest.raises(CelosiaError, match=message):
        find_board("de10")
    arty = find_board("arty_a7")
    assert (arty.peak_bytes_per_cycle, arty.dram_bytes, arty.clock_hz) == (16, 256 << 20, 100e6)
    assert find_board("ideal-64").ceiling_bytes_per_cycle() == 7.6


@pytest.mark.parametrize("name,as_built,words", [
    ("ulx3s", True, "the clock is that of `celosia build ulx3s`, which fails where it is missed"),
    ("pynq_z1", True, "the clock is that which `celosia build pynq_z1 --project` writes; nothing here routes it"),
    ("ulx3s-100", False, "a study: the clock is none that `celosia build ulx3s` builds for"),
    ("ideal-64", False, "its memory is no controller but a model"),
])
def test_boards_say_whether_they_are_built(name, as_built, words):
    board = find_board(name)
    assert board.as_built == as_built and words in board.evidence


def test_a_board_as_built_has_the_memory_of_its_top():
    clocks = {}
    for name, board in BOARDS.items():
        memory = inspect.signature(board.top).parameters["memory"].default
        assert find_board(name).memory == memory and find_board(name).config == board.config
        clocks[name] = memory.clock_hz / 1e6
    assert clocks == {"ulx3s": 75, "ecpix5": 100, "orangecrab": 72, "arty_a7": 100, "pynq_z1": 150}
