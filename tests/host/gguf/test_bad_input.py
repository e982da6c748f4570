"""Files that must be refused, each with the exact line that the user reads."""

import struct

import numpy as np
import pytest

from host.text import tokenizer
from host.errors import CelosiaError
from host.gguf.model import load
from testing.architectures import NAMES

Q = "blk.0.attn_q.weight"
SUPPORTED = ("F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, TQ1_0, TQ2_0, "
             "IQ4_NL, IQ4_XS, MXFP4, NVFP4, Q2_0, Q1_0")


def message(path):
    with pytest.raises(CelosiaError) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text[len(f"{path}: "):]


def damaged(tensor, block, at, value):
    """The tensor with the fp16 at byte `at` of a block of its row 5 replaced."""
    array, kind = tensor
    array = array.copy()
    size = {"Q8_0": 34, "Q4_0": 18}[kind]
    array[5, block * size + at:block * size + at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    return array, kind


def test_missing_file(tmp_path):
    assert message(tmp_path / "absent.gguf") == "No such file or directory"


def test_folder(tmp_path):
    assert message(tmp_path) == "Is a directory"


CONVERT = "llama.cpp's convert_hf_to_gguf.py makes a GGUF of such a model"


@pytest.mark.parametrize("content, meaning", [
    (b"", "it is empty"),
    (bytes(100), "it begins with zeros; a download may have been broken off"),
    (b"version https://git-lfs.github.com/spec/v1\nsize 1\n",
     "it is a Git LFS pointer, which stands for the model; `git lfs pull` fetches that"),
    (b"PK\x03\x04 and more", f"it is a ZIP archive, as PyTorch's checkpoints are; {CONVERT}"),
    (b"\x80\x02}q\x00", f"it is a Python pickle, as old PyTorch checkpoints are; {CONVERT}"),
    (struct.pack("<Q", 30) + b'{"__metadata__": {}}', f"it is a safetensors file; {CONVERT}"),
    (b"tjgg\x03\0\0\0", "it is in GGML's format from before GGUF; the model must be converted again"),
    (b"\x1f\x8b\x08", "it is compressed with gzip; `gunzip` unpacks it"),
    (b"\n<!doctype html>", "it is a web page or XML; the download went wrong"),
    (b'{"architectures": []}', "it is JSON, not the model that it may belong to"),
    (b"GGU", "it must start with b'GGUF', not b'GGU'"),
    (b"\x7fELF\x02\x01", "it must start with b'GGUF', not b'\\x7fELF'"),
])
def test_not_a_gguf(tmp_path, content, meaning):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert message(path) == f"not a GGUF file: {meaning}"


@pytest.mark.parametrize("key, value, meaning", [
    ("general.type", "adapter", "a LoRA adapter, which changes a model and is none; llama.cpp's llama-export-lora "
                                "merges it into its base model"),
    ("general.type", "imatrix", "an importance matrix, which helps to quantise a model and is none"),
    ("general.type", "mmproj", "the part of a multimodal model that sees or hears (mmproj); the language model is in "
                               "another file"),
])
def test_gguf_of_something_else(write_gguf, key, value, meaning):
    assert message(write_gguf({key: value})) == f"not a model: {key} is {value!r}, {meaning}"


def test_projector_without_a_type(write_gguf):
    found = message(write_gguf(architecture="clip"))
    assert found.startswith("not a model: general.architecture is 'clip', the part of a multimodal model")


def test_vocabulary_alone(data_dir):
    path = data_dir / "vocab" / "ggml-vocab-llama-spm.gguf"
    assert message(path) == "not a model: it has no tensors, as files of a vocabulary alone have none"


def test_other_version(write_gguf):
    path = write_gguf()
    content = path.read_bytes()
    path.write_bytes(content[:4] + struct.pack("<I", 1) + content[8:])
    assert message(path) == "malformed GGUF header: version must be 2 or 3, not 1"


def test_big_endian(write_gguf):
    path = write_gguf()
    content = path.read_bytes()
    path.write_bytes(content[:4] + struct.pack(">I", 3) + content[8:])
    assert message(path) == "malformed GGUF header: big-endian files are not supported"


def test_truncated_header(write_gguf):
    path = write_gguf()
    path.write_bytes(path.read_bytes()[:20])
    assert message(path) == "truncated: its header reaches byte 24, the file has 20"


def test_truncated_tensor(write_gguf):
    path = write_gguf()
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    assert message(path) == (f"tensor 'output_norm.weight' is truncated: it ends at byte {size}, "
                             f"the file has {size - 100}")


def test_other_architecture(write_gguf):
    assert message(write_gguf(architecture="mamba")) == f"architecture must be one of {NAMES}, not 'mamba'"
    assert message(write_gguf(architecture="x" * 3000)) == (
        f"architecture must be one of {NAMES}, not '{'x' * 60}'... (3,000 characters)")


def test_unsupported_type(write_gguf):
    path = write_gguf(tensors={Q: (np.zeros((32, 40), np.uint8), "Q8_1")})
    assert message(path) == f"tensor '{Q}' has type Q8_1; supported are {SUPPORTED}"


@pytest.mark.parametrize("code, meaning", [
    (99, "has the unknown type 99, perhaps a private one of another program"),
    (36, "has the unknown type 36, perhaps a private one of another program"),
    (31, "has type Q4_0_4_4 (31), a format that llama.cpp has given up; quantise the original again, to Q4_0 for "
         "instance"),
    (142, "has type PQ2_0 (142), a private one of PrismML's llama.cpp; the file of this model whose name ends in "
          "Q2_0_g64 has ggml's own Q2_0, that of a 1-bit model Q1_0: take these"),
    (143, "has type PTQ1_0 (143), a private one of PrismML's llama.cpp; the file of this model whose name ends in "
          "Q2_0_g64 has ggml's own Q2_0, that of a 1-bit model Q1_0: take these"),
    (5, "has type Q4_3 (5), a format that llama.cpp has given up; quantise the original again, to Q4_1 for instance"),
])
def test_unknown_type(write_gguf, code, meaning):
    path = write_gguf()
    content = path.read_bytes()
    # name, number of dimensions, two dimensions, type
    start = content.index(Q.encode()) + len(Q) + 4 + 16
    path.write_bytes(content[:start] + struct.pack("<I", code) + content[start + 4:])
    assert message(path) == f"tensor '{Q}' {meaning}; supported are {SUPPORTED}"


def test_code_books(write_gguf):
    """A type of llama.cpp whose codes are no numbers."""
    path = write_gguf(tensors={"blk.0.ffn_down.weight": (np.zeros((32, 66), np.uint8), "IQ2_XXS")})
    assert message(path) == (f"tensor 'blk.0.ffn_down.weight' has type IQ2_XXS, whose weights stand in a code book, "
                             f"four or eight together, which nothing here decodes; supported are {SUPPORTED}")


def test_a_q2_0_of_larger_blocks(write_gguf):
    """Two codes of one number: blocks of 128 weights leave no room for those of 64."""
    path = write_gguf(
        {"llama.embedding_length": 128, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2},
        {name: (np.zeros(shape, np.float32), "F32") for name, shape in (
            ("token_embd.weight", (272, 128)), ("blk.0.attn_norm.weight", (128,)), ("blk.0.attn_q.weight", (128, 128)),
            ("blk.0.attn_k.weight", (64, 128)), ("blk.0.attn_v.weight", (64, 128)),
            ("blk.0.attn_output.weight", (128, 128)),
            ("blk.0.ffn_norm.weight", (128,)), ("blk.0.ffn_gate.weight", (64, 128)), ("blk.0.ffn_up.weight", (64, 128)),
            ("blk.0.ffn_down.weight", (128, 64)), ("output_norm.weight", (128,)))}
        | {Q: (np.zeros((64, 34), np.uint8), "I8")})
    content = bytearray(path.read_bytes())
    # The row length and the type: 128 weights of 34 bytes.
    start = content.index(Q.encode()) + len(Q) + 4
    content[start:start + 20] = struct.pack("<QQI", 128, 64, 42)
    path.write_bytes(content)
    assert message(path) == (f"tensor '{Q}' has type Q2_0 with blocks of 128 weights, as PrismML's llama.cpp writes "
                             f"them; ggml's own have 64: take the file of this model whose name ends in Q2_0_g64")


def test_quantised_norm(write_gguf):
    path = write_gguf(tensors={"output_norm.weight": (np.zeros(34, np.uint8), "Q8_0")})
    assert message(path) == "tensor 'output_norm.weight' has type Q8_0; supported are F32, F16, BF16"


@pytest.mark.parametrize("name", ["token_embd.weight", "output_norm.weight", "blk.0.ffn_down.weight"])
def test_missing_tensor(write_gguf, name):
    assert message(write_gguf(tensors={name: None})) == f"tensor '{name}' is missing"


def test_missing_layer(write_gguf):
    assert message(write_gguf({"llama.block_count": 2})) == "tensor 'blk.1.attn_norm.weight' is missing"


def test_more_tensors_than_a_llama_has(write_gguf):
    path = write_gguf(tensors={"blk.0.attn_q_norm.weight": (np.zeros(32, np.float32), "F32")})
    assert message(path) == "tensor 'blk.0.attn_q_norm.weight' is not supported"


def test_row_length(write_gguf):
    path = write_gguf()
    content = path.read_bytes()
    start = content.index(Q.encode()) + len(Q) + 4
    path.write_bytes(content[:start] + struct.pack("<Q", 40) + content[start + 8:])
    assert message(path) == f"tensor '{Q}': the row length must be a multiple of the Q8_0 block of 32, not 40"


@pytest.mark.parametrize("name, found, expected", [
    (Q, (32, 64), (32, 32)),
    ("blk.0.ffn_down.weight", (64, 32), (32, 64)),
    ("token_embd.weight", (256, 32), (272, 32)),
    ("blk.0.ffn_norm.weight", (64,), (32,)),
    ("blk.0.ffn_norm.weight", (2, 32), (32,)),
    ("blk.0.ffn_norm.weight", (32, 1), (32,)),
    (Q, (2, 16, 32), (32, 32)),
])
def test_shapes(write_gguf, name, found, expected):
    path = write_gguf(tensors={name: (np.zeros(found, np.float32), "F32")})
    assert message(path) == f"tensor '{name}' must have shape {expected}, not {found}"


@pytest.mark.parametrize("name", [Q, "token_embd.weight", "output_norm.weight"])
@pytest.mark.parametrize("shape", [(), (0, 32)])
def test_dimensions(write_gguf, name, shape):
    path = write_gguf(tensors={name: (np.zeros(shape, np.float32), "F32")})
    assert message(path) == f"tensor '{name}' must have dimensions, none of them 0, not {shape}"


def test_one_row_matrix_written_as_vector(write_gguf):
    path = write_gguf(tensors={Q: (np.zeros(32, np.float32), "F32")})
    assert message(path) == f"tensor '{Q}' must have shape (32, 32), not (32,)"


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
@pytest.mark.parametrize("value, word", [(np.nan, "nan"), (-np.inf, "-inf")])
def test_scales(write_gguf, micro_tensors, kind, value, word):
    name = "blk.0.ffn_down.weight"
    path = write_gguf(tensors={name: damaged(micro_tensors(kind)[name], 1, 0, value)}, ggml_type=kind)
    assert message(path) == f"tensor '{name}': scale of row 5, block 1 is {word}"
    assert load(path, check=False)


@pytest.mark.parametrize("name, shape, row", [(Q, (32, 32), 5), ("blk.0.ffn_norm.weight", (32,), 0)])
@pytest.mark.parametrize("kind, dtype", [("F32", np.float32), ("F16", np.float16)])
@pytest.mark.parametrize("value, word", [(np.nan, "nan"), (np.inf, "inf")])
def test_weights(write_gguf, name, shape, row, kind, dtype, value, word):
    array = np.ones(shape, dtype)
    array.reshape(-1, 32)[row, 7] = value
    assert message(write_gguf(tensors={name: (array, kind)})) == (
        f"tensor '{name}': weight of row {row}, column 7 is {word}")


def test_bf16_weight(write_gguf, micro_tensors):
    array = micro_tensors("BF16")[Q][0].copy()
    array.view(np.uint16)[5, 7] = 0x7F80
    assert message(write_gguf(tensors={Q: (array, "BF16")})) == (
        f"tensor '{Q}': weight of row 5, column 7 is inf")


@pytest.mark.parametrize("factor", [np.nan, np.inf, 0.0, -1.0])
def test_rope_factors(write_gguf, factor):
    path = write_gguf(tensors={"rope_freqs.weight": (np.array([1, 1, factor, 1], np.float32), "F32")})
    assert message(path) == "tensor 'rope_freqs.weight' must hold positive numbers"


def test_rope_factors_shape(write_gguf):
    path = write_gguf(tensors={"rope_freqs.weight": (np.ones(3, np.float32), "F32")})
    assert message(path) == "tensor 'rope_freqs.weight' must have shape (4,), not (3,)"


@pytest.mark.parametrize("key", [
    "llama.block_count", "llama.context_length", "llama.embedding_length", "llama.feed_forward_length",
    "llama.attention.head_count", "llama.attention.layer_norm_rms_epsilon",
])
def test_missing_key(write_gguf, key):
    assert message(write_gguf({key: None})) == f"metadata key '{key}' is missing"


@pytest.mark.parametrize("key, value, expected", [
    ("llama.block_count", 0, "a positive integer, not 0"),
    ("llama.block_count", "two", "a positive integer, not 'two'"),
    ("llama.block_count", True, "a positive integer, not True"),
    ("llama.context_length", 0xFFFF_FFFF, "a positive integer, not 4294967295"),
    ("llama.attention.head_count_kv", [1, 2],
     "the same for all layers, not a list with 1 for layer 0 and 2 for layer 1"),
    ("llama.attention.head_count_kv", [4, 4, 2, 4],
     "the same for all layers, not a list with 4 for layer 0 and 2 for layer 2"),
    ("llama.attention.head_count_kv", [0, 0], "a positive integer, not 0"),
    ("llama.attention.head_count_kv", 3, "a divisor of the 4 heads, not 3"),
    ("llama.attention.value_length", 16, "the key length 8, not 16"),
    ("llama.attention.layer_norm_rms_epsilon", float("nan"), "a positive number, not nan"),
    ("llama.rope.freq_base", -1.0, "a positive number, not -1.0"),
    ("llama.rope.dimension_count", 7, "even and at most the head's 8, not 7"),
    ("llama.rope.dimension_count", 10, "even and at most the head's 8, not 10"),
    ("llama.rope.scaling.type", "dynamic", "'none', 'linear' or 'yarn', not 'dynamic'"),
    ("llama.vocab_size", 300, "the 272 of the token list or the embedding, not 300"),
    ("llama.rope.scaling.type", "longrope", "'none', 'linear' or 'yarn', not 'longrope'"),
    ("llama.rope.scaling.factor", -2.0, "a positive number, not -2.0"),
    ("llama.rope.scaling.factor", [1, 2], "a positive number, not a list of 2"),
    ("llama.rope.scale_linear", "4", "a positive number, not '4'"),
    ("llama.rope.scaling.attn_factor", 0.0, "absent or 1 (it is not supported), not 0.0"),
    ("llama.expert_count", 8, "absent or 0 (it is not supported), not 8"),
    ("llama.logit_scale", 0.0625, "absent or 0 or 1 (it is not supported), not 0.0625"),
    ("llama.attention.causal", False, "absent or True (it is not supported), not False"),
    ("llama.attention.max_alibi_bias", 8.0, "absent or 0 (it is not supported), not 8.0"),
    ("llama.final_logit_softcapping", 30.0, "absent or 0 (it is not supported), not 30.0"),
    ("llama.attention.scale", "none", "absent or 0 (it is not supported), not 'none'"),
    ("llama.attention.sliding_window", "all", "a positive integer, not 'all'"),
    ("llama.attention.temperature_length", 8192, "absent (it is not known), not 8192"),
    ("llama.altup.active_idx", [1, 2], "absent (it is not known), not a list of 2"),
    ("tokenizer.ggml.eos_token_id", 272, "a token id below 272, not 272"),
])
def test_metadata(write_gguf, key, value, expected):
    assert message(write_gguf({key: value})) == f"metadata key '{key}' must be {expected}"


def test_heads_that_do_not_divide_the_width(write_gguf):
    path = write_gguf({"llama.attention.head_count": 6})
    assert message(path) == "metadata key 'llama.embedding_length' must be a multiple of the 6 heads, not 32"


def test_architecture_of_a_wrong_kind(write_gguf):
    path = write_gguf({"general.name": ["a", "b"]})
    # A list where the string should be: the two keys change names.
    content = path.read_bytes().replace(b"general.architecture", b"general.arch-tecture")
    short, long = (bytes([len(key), *bytes(7)]) + key for key in (b"general.name", b"general.architecture"))
    path.write_bytes(content.replace(short, long))
    assert message(path) == "metadata key 'general.architecture' must be a string, not a list of 2"


def test_architecture_missing(write_gguf):
    path = write_gguf()
    path.write_bytes(path.read_bytes().replace(b"general.architecture", b"general.architectury"))
    assert message(path) == "metadata key 'general.architecture' is missing"


def test_text_that_is_no_utf8(write_gguf):
    """It matters where it is needed only."""
    path = write_gguf({"general.description": "abc"})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"abc", b"ab\xe9"))
    assert load(path).metadata["general.description"] == "ab\udce9"
    path.write_bytes(content.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0llam\xe9"))
    assert message(path) == "metadata key 'general.architecture' must be UTF-8, not b'llam\\xe9'"


def test_long_values_are_cut(write_gguf):
    path = write_gguf({"llama.block_count": "x" * 10_000})
    assert message(path) == (
        f"metadata key 'llama.block_count' must be a positive integer, not '{'x' * 80}' and 9920 more")


def as_float64(path, key, value):
    """The file with a float32 of its metadata as a float64."""
    content = path.read_bytes()
    start = content.index(key.encode()) + len(key)
    path.write_bytes(content[:start] + struct.pack("<Id", 12, value) + content[start + 8:])
    return path


@pytest.mark.parametrize("value", [1e300, 3.5e38, 1e-39])
def test_numbers_that_fp32_cannot_hold(write_gguf, value):
    key = "llama.attention.layer_norm_rms_epsilon"
    assert message(as_float64(write_gguf(), key, value)) == (
        f"metadata key '{key}' must be a number that fp32 holds, not {value!r}")


def attempt(path):
    """Load a damaged file; anything but success and a `CelosiaError` of one line escapes."""
    try:
        model = load(path)
        tokenizer.load(model).encode("a lost code")
    except CelosiaError as error:
        assert "\n" not in str(error)
        return False
    return True


def test_random_truncation(data_dir, tmp_path):
    content = (data_dir / "stories260K" / "stories260K.gguf").read_bytes()
    random = np.random.default_rng(20)
    path = tmp_path / "damaged.gguf"
    for length in [*random.integers(0, 14176, 20), *random.integers(14176, len(content) - 32, 10)]:
        path.write_bytes(content[:length])
        assert not attempt(path), f"{length} bytes were accepted"


def test_random_bytes_in_the_header(data_dir, tmp_path):
    content = (data_dir / "stories260K" / "stories260K.gguf").read_bytes()
    random = np.random.default_rng(21)
    path = tmp_path / "damaged.gguf"
    accepted = 0
    for _ in range(100):
        changed = bytearray(content)
        changed[random.integers(0, 14176)] ^= random.integers(1, 256)
        path.write_bytes(changed)
        accepted += attempt(path)
    assert 0 < accepted < 100
