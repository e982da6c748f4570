"""Bad input through the command line: one line on stderr, status 2, no traceback, nothing half-written."""

import re
import struct
from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.errors import CelosiaError
from host.gguf.model import load
from host.gguf.opening import SUPPORTED_TYPES
from host.image.image import build_image
from host.gguf.tensor import FLOAT_TYPES
from boards.memories import MEMORIES
from testing.architectures import NAMES

Q = "blk.0.attn_q.weight"
TYPES, NORM_TYPES = ", ".join(SUPPORTED_TYPES), ", ".join(FLOAT_TYPES)


@pytest.fixture(params=["generate", "inspect", "logits", "verify"])
def line(request, celosia, refused, tmp_path):
    """Function (path, *options) -> what follows the path in the line that each command prints; `inspect` lists the
    tensors all the same."""
    def run(path, *options):
        out = tmp_path / "output" / "file"
        out.parent.mkdir()
        more = {"generate": ["--engine", "model", "--json", out], "inspect": ["--json", out],
                "logits": ["--ids", "1", "--out", out], "verify": ["--json", out]}[request.param]
        if request.param == "inspect":
            status, printed, error = celosia("inspect", path, *more, *options)
            text = error.removeprefix("celosia: ").removesuffix("\n")
            assert (status, error) == (2, f"celosia: {text}\n") and "\n" not in text
            assert (b"attn_q" in printed) == (path.exists() and path.stat().st_size > 1000)
        else:
            text = refused(request.param, path, *more, *options)
        assert not list(out.parent.iterdir())
        assert text.startswith(f"{path}: ")
        return text.removeprefix(f"{path}: ")
    return run


def patched(path, name, offset, replacement):
    """Overwrite bytes of a tensor's entry in the header, `offset` bytes behind its name."""
    content = path.read_bytes()
    start = content.index(name.encode()) + len(name) + offset
    path.write_bytes(content[:start] + replacement + content[start + len(replacement):])
    return path


def test_missing(line, tmp_path):
    assert line(tmp_path / "absent.gguf") == "No such file or directory"


def test_not_a_gguf(line, tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 and more")
    assert line(path) == ("not a GGUF file: it is a ZIP archive, as PyTorch's checkpoints are; llama.cpp's "
                          "convert_hf_to_gguf.py makes a GGUF of such a model")


def test_truncated_header(line, write_gguf):
    path = write_gguf()
    path.write_bytes(path.read_bytes()[:20])
    assert line(path) == "truncated: its header reaches byte 24, the file has 20"


def test_truncated_data(line, write_gguf):
    path = write_gguf()
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    assert line(path) == (
        f"tensor 'output_norm.weight' is truncated: it ends at byte {size}, the file has {size - 100}")


def test_unknown_architecture(line, write_gguf):
    assert line(write_gguf(architecture="mamba")) == f"architecture must be one of {NAMES}, not 'mamba'"


def test_unknown_tensor_type(line, write_gguf):
    path = patched(write_gguf(), Q, 20, struct.pack("<I", 99))
    assert line(path) == (f"tensor '{Q}' has the unknown type 99, perhaps a private one of another program; "
                          f"supported are {TYPES}")


def test_tensor_type_that_no_engine_reads(line, write_gguf):
    path = patched(write_gguf(), Q, 20, struct.pack("<I", 24))
    assert line(path) == f"tensor '{Q}' has type I8; supported are {TYPES}"


def test_quantised_norm(line, write_gguf):
    path = write_gguf(tensors={"output_norm.weight": (np.zeros(34, np.uint8), "Q8_0")})
    assert line(path) == f"tensor 'output_norm.weight' has type Q8_0; supported are {NORM_TYPES}"


def test_missing_tensor(line, write_gguf):
    path = write_gguf(tensors={"blk.0.ffn_up.weight": None})
    assert line(path) == "tensor 'blk.0.ffn_up.weight' is missing"


def test_row_length_that_the_format_cannot_hold(line, write_gguf):
    path = patched(write_gguf(), Q, 4, struct.pack("<Q", 40))
    assert line(path) == f"tensor '{Q}': the row length must be a multiple of the Q8_0 block of 32, not 40"


def test_inconsistent_shape(line, write_gguf):
    path = write_gguf(tensors={"blk.0.ffn_down.weight": (np.zeros((64, 32), np.float32), "F32")})
    assert line(path) == "tensor 'blk.0.ffn_down.weight' must have shape (32, 64), not (64, 32)"


def test_inconsistent_metadata(line, write_gguf):
    path = write_gguf({"llama.attention.head_count_kv": 3})
    assert line(path) == (
        "metadata key 'llama.attention.head_count_kv' must be a divisor of the 4 heads, not 3")


@pytest.mark.parametrize("value, word", [(np.nan, "nan"), (np.inf, "inf")])
def test_scale_that_is_no_number(line, write_gguf, micro_tensors, value, word):
    array, kind = micro_tensors()[Q]
    array = array.copy()
    array[5, :2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    assert line(write_gguf(tensors={Q: (array, kind)})) == f"tensor '{Q}': scale of row 5, block 0 is {word}"


@pytest.mark.parametrize("value, word", [(np.nan, "nan"), (-np.inf, "-inf")])
def test_norm_that_is_no_number(line, write_gguf, value, word):
    norm = np.ones(32, np.float32)
    norm[7] = value
    assert line(write_gguf(tensors={"blk.0.attn_norm.weight": (norm, "F32")})) == (
        f"tensor 'blk.0.attn_norm.weight': weight of row 0, column 7 is {word}")


def test_context_that_the_model_does_not_have(line, write_gguf):
    assert line(write_gguf(), "--context", 33) == "context must be 1 to 32, not 33"


@pytest.mark.parametrize("command, options", [
    ("generate", []), ("verify", []), ("inspect", []), ("logits", ["--ids", "1", "--out", "x.npy"])])
def test_bits_that_the_kv_cache_does_not_have(refused, write_gguf, command, options):
    assert refused(command, write_gguf(), *options, "--kv", 5) == "kv must be one of 16, 8, 4, not 5"


def test_too_long_for_the_x_buffer(line, write_gguf):
    path = write_gguf({"llama.context_length": 300})
    assert line(path, "--config", "micro", "--context", 300) == (
        "context 300 needs 320 elements of x-buffer, 64 more than configuration 'micro' has (256)")


def test_too_large_for_the_scratchpad(line, write_gguf):
    """Heads of 128 elements: their vectors fit the x-buffer, but not the scratchpad all together."""
    shapes = {"attn_q": (256, 32), "attn_k": (128, 32), "attn_v": (128, 32), "attn_output": (32, 256)}
    path = write_gguf({"llama.attention.key_length": 128, "llama.attention.value_length": 128,
                       "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1,
                       "llama.context_length": 256}, {
        f"blk.0.{name}.weight": (np.ones(shape, np.float32), "F32") for name, shape in shapes.items()})
    # States, cosines, sines; query; scores of two heads.
    needed = 32 + 128 + 128 + 256 + 2 * 256
    assert line(path, "--config", "micro", "--context", 256) == (
        f"context 256 needs {needed} elements of scratchpad, {needed - 1024} more than configuration 'micro' "
        "has (1024)")


def test_too_long_prompt(refused, write_gguf, tmp_path):
    out = tmp_path / "report.json"
    assert refused("generate", write_gguf(), "--engine", "model", "--json", out, "--prompt", "x" * 40) == (
        "prompt must have at most the 32 tokens of the context, not 42")
    assert not out.exists()


def test_memory_of_an_unknown_board(refused, write_gguf):
    names = "ulx3s, ulx3s-100, ecpix5, ecpix5-75, orangecrab, orangecrab-48, arty_a7, pynq_z1"
    assert refused("verify", write_gguf(), "--memory", "z80") == f"memory must be one of {names}, not 'z80'"


def test_image_that_does_not_fit_a_memory(write_gguf):
    """By how much is said; the memories of the boards are far larger than a model of a test."""
    image = build_image(compile_model(load(write_gguf()), CONFIGS["micro"], 16))
    memory = replace(MEMORIES["ulx3s"], part=replace(MEMORIES["ulx3s"].part, rows=8))
    message = (f"memory image must be at most the 32,768 bytes of ulx3s, not {image.memory.size:,}: "
               f"{image.memory.size - 32768:,} too many")
    with pytest.raises(CelosiaError, match=f"^{re.escape(message)}$"):
        image.check_fits(memory)


def test_half_of_the_weights_are_zeros(celosia, write_gguf, tmp_path):
    """As of a file that was allocated before it was downloaded: a warning, since it may be meant."""
    path, matrices = write_gguf(), 34 * (272 + 96 + 128 + 32)
    command = "logits", path, "--ids", "1", "--out", tmp_path / "x.npy", "--engine", "float"
    assert "zeros" not in celosia(*command)[2]
    content = path.read_bytes()
    path.write_bytes(content[:-matrices] + bytes(matrices))
    status, _, err = celosia(*command)
    assert status == 0 and err.splitlines()[0] == (
        f"celosia: warning: {path}: 92% of the weights are rows of zeros, as a download that was broken off leaves "
        "them")
