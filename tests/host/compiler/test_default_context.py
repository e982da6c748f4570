"""The context that is chosen where nobody has."""

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS as CONFIGS
from host.compiler.compiled import compile_model
from host.compiler.default_context import default_context, roomiest
from host.compiler.fitting_context import fitting_context
from host.errors import CelosiaError
from host.gguf.model import load

MICRO = CONFIGS["micro"]


@pytest.fixture
def long(write_gguf):
    """A model that was trained for far more positions than most configurations have room for."""
    return load(write_gguf({"llama.context_length": 100_000}))


@pytest.fixture
def wide(write_gguf):
    """Heads of 128 elements."""
    shapes = {"attn_q": (256, 32), "attn_k": (128, 32), "attn_v": (128, 32), "attn_output": (32, 256)}
    return load(write_gguf({"llama.attention.key_length": 128, "llama.attention.value_length": 128,
                            "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1,
                            "llama.context_length": 512}, {
        f"blk.0.{name}.weight": (np.ones(shape, np.float32), "F32") for name, shape in shapes.items()}))


def test_what_fits_compiles_and_one_more_does_not(long, wide):
    # The x-buffer holds 256 elements; beside 544 others the scratchpad has room for the scores of two heads.
    assert (fitting_context(long, MICRO), fitting_context(wide, MICRO)) == (256, 240)
    for model, reason in ((long, "x-buffer"), (wide, "scratchpad")):
        context = fitting_context(model, MICRO)
        assert compile_model(model, MICRO).context == context
        assert compile_model(model, MICRO, context).context == context
        with pytest.raises(CelosiaError, match=f"context {context + 1} needs .* of {reason}, .* more than"):
            compile_model(model, MICRO, context + 1)


def test_all_of_the_context_if_it_fits(write_gguf):
    assert default_context(load(write_gguf()), MICRO) == (32, None)


def test_a_shorter_one_says_why_and_what_has_room_for_more(long):
    assert roomiest(long) == ("ecpix5", 8192)
    assert default_context(long, MICRO) == (256, (
        "context is 256 of the 100000 positions that the model was trained for: configuration 'micro' has no room for "
        "more; 'ecpix5' has for 8192"))
    assert default_context(long, CONFIGS["pynq_z1"]) == (8192, (
        "context is 8192 of the 100000 positions that the model was trained for: configuration 'pynq_z1' has no room "
        "for more; nor has any other"))


def test_the_image_must_fit_the_memory(long):
    whole = compile_model(long, MICRO, 256).placement.image_bytes
    assert default_context(long, MICRO, memory_bytes=whole)[0] == 256
    context, note = default_context(long, MICRO, memory_bytes=whole - 8192)
    assert 0 < context < 256
    assert compile_model(long, MICRO, context).placement.image_bytes <= whole - 8192
    assert compile_model(long, MICRO, context + 32).placement.image_bytes > whole - 8192
    assert note == (f"context is {context} of the 100000 positions that the model was trained for: the memory of "
                    f"{whole - 8192:,} bytes has no room for more; a larger one has")


def test_a_model_that_fits_with_no_context_is_refused_as_it_is(write_gguf, micro_tensors):
    model = load(write_gguf({"llama.feed_forward_length": 512}, {
        f"blk.0.{name}.weight": (np.ones(shape, np.float32), "F32")
        for name, shape in (("ffn_gate", (512, 32)), ("ffn_up", (512, 32)), ("ffn_down", (32, 512)))}))
    assert fitting_context(model, MICRO) == 0 and default_context(model, MICRO) == (1, None)
    with pytest.raises(CelosiaError, match="a row of tensor 'blk.0.ffn_down.weight' needs 512 elements of x-buffer, "
                                           "256 more than configuration 'micro' has \\(256\\)$"):
        compile_model(model, MICRO)
