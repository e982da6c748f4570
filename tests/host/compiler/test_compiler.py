"""What does not fit a configuration is refused by name."""

import dataclasses

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Opcode, encode
from host.compiler.compiled import compile_model
from host.errors import CelosiaError
from host.gguf.model import load
from host.gguf.tensor import Tensor
from host.image.image import build_image

MICRO = CONFIGS["micro"]


@pytest.fixture
def model(write_gguf):
    return load(write_gguf())


def refusal(model, config, context=None):
    with pytest.raises(CelosiaError) as error:
        compile_model(model, config, context)
    return str(error.value)


def test_every_instruction_encodes(model):
    compiled = compile_model(model, MICRO, 16)
    assert all(len(encode(instruction)) == 64 for instruction in compiled.program)
    assert [i.opcode for i in compiled.program].index(Opcode.END) == len(compiled.program) - 1
    assert compiled.label(len(compiled.program)) == "beyond the program"


def test_the_program_does_not_depend_on_the_context(model):
    lengths = {len(compile_model(model, MICRO, context).program) for context in (1, 8, 16)}
    assert len(lengths) == 1


def test_what_the_key_of_an_image_leaves_out_changes_no_byte_of_it(model):
    other = MICRO.changed(name="other", dot={"lanes": 16, "columns": 2, "slots": 1, "array": "digits"},
                          memory={"prefetch_beats": 512, "queue": 64})
    one, two = (build_image(compile_model(model, config, 16)) for config in (MICRO, other))
    assert one.header == two.header and one.memory.tobytes() == two.memory.tobytes()


def test_a_context_beyond_the_scratchpad_is_refused(model):
    config = MICRO.changed(vector={"scratchpad": 128})
    # State, cosine and sine; then any three of gate, up, silu and hidden, of 64 elements each.
    assert compile_model(model, MICRO, 16).scratchpad_elements == 32 + 16 + 16 + 3 * 64
    assert refusal(model, config, 16) == (
        f"{model.path}: context 16 needs 256 elements of scratchpad, 128 more than configuration 'micro' has (128)")


def test_a_vector_beyond_the_x_buffer_is_refused(write_gguf, micro_tensors):
    hp = load(write_gguf()).hyperparameters
    model = load(write_gguf())
    big = dataclasses.replace(hp, ffn=300)
    object.__setattr__(model, "hyperparameters", big)
    assert refusal(model, MICRO, 16) == (
        f"{model.path}: a row of tensor 'blk.0.ffn_down.weight' needs 320 elements of x-buffer, 64 more than "
        f"configuration 'micro' has (256)")


def test_scales_beyond_their_buffer_are_refused(model):
    config = MICRO.changed(dot={"scale_bytes": 64}, memory={"bus_bits": 32})
    wide = Tensor("blk.0.ffn_down.weight", (32, 2048), "Q8_0", np.zeros((32, 2048 // 32 * 34), np.uint8))
    model.tensors["blk.0.ffn_down.weight"] = wide
    assert refusal(model, config, 16) == (
        f"{model.path}: a row of tensor 'blk.0.ffn_down.weight' needs 128 bytes of scale buffer, 64 more than "
        f"configuration 'micro' has (64)")


def test_a_matrix_beyond_the_instruction_is_refused(model):
    """A bus word of 4 bytes and 24 bits of them: an output matrix of 2**26 bytes is too much."""
    rows = (1 << 26) // 36
    model.tensors["output.weight"] = Tensor("output.weight", (rows, 32), "Q8_0", np.zeros((rows, 34), np.uint8))
    object.__setattr__(model, "hyperparameters", dataclasses.replace(model.hyperparameters, tied=False))
    config = MICRO.changed(memory={"bus_bits": 32})
    assert refusal(model, config, 16) == (
        f"{model.path} is too large for configuration 'micro': Instruction 'output': field 'rows' must be 0..1048575, "
        f"not {rows}")


def test_a_matrix_beyond_a_line_of_a_stream_is_several(model):
    """34 words of 4 bytes a row, a million of them; 24 bits hold 16,777,215. Thirds are no whole words."""
    raw = np.broadcast_to(np.zeros(1, np.uint8), (1_000_000, 4 * 34))
    model.tensors["output.weight"] = Tensor("output.weight", (1_000_000, 128), "Q8_0", raw)
    object.__setattr__(model, "hyperparameters", dataclasses.replace(model.hyperparameters, tied=False))
    compiled = compile_model(model, MICRO.changed(memory={"bus_bits": 32}), 16)
    output = next(i for i in compiled.program if i.label == "output")
    assert (output.stream_lines, output.stream_line_beats, output.stream_line_stride) == (544, 62_500, 62_500)


def test_a_format_without_its_decoder_is_refused(write_gguf):
    model = load(write_gguf(ggml_type="Q4_1"))
    config = MICRO.changed(dot={"decoders": ("sub_scales",)})
    name = next(name for name, tensor in model.tensors.items() if tensor.ggml_type == "Q4_1")
    assert refusal(model, config, 16) == (
        f"{model.path}: tensor {name!r} has type Q4_1, which needs minimums; configuration 'micro' is built without")


def test_a_context_outside_the_model_is_refused(model):
    longest = model.hyperparameters.context
    assert refusal(model, MICRO, longest + 1) == (
        f"{model.path}: context must be 1 to {longest}, not {longest + 1}")
    assert refusal(model, MICRO, 0) == f"{model.path}: context must be 1 to {longest}, not 0"


def test_heads_that_do_not_divide_into_vector_lanes_are_refused(model):
    config = MICRO.changed(dot={"lanes": 32}, vector={"lanes": 16})
    assert refusal(model, config, 16) == (
        f"{model.path}: head dimension must be a multiple of the 16 vector lanes of configuration 'micro', "
        f"not {model.hyperparameters.head_dim}")
