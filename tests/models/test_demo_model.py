"""The committed demo model: its size, its shapes and its metadata."""

from pathlib import Path

import gguf
import numpy as np
import pytest

import models


PATH = Path(models.__file__).with_name("demo.gguf")


@pytest.fixture(scope="module")
def reader():
    return gguf.GGUFReader(PATH)


def value(reader, key):
    return reader.fields[key].contents()


def test_size(reader):
    assert PATH.stat().st_size <= 2 << 20
    assert sum(int(tensor.n_elements) for tensor in reader.tensors) <= 1_500_000


def test_lengths_are_multiples_of_256(reader):
    for tensor in reader.tensors:
        assert int(tensor.shape[0]) % 256 == 0, tensor.name
    for key in ("llama.embedding_length", "llama.feed_forward_length", "llama.context_length"):
        assert value(reader, key) % 256 == 0, key


def test_grouped_query_attention(reader):
    heads = value(reader, "llama.attention.head_count")
    kv_heads = value(reader, "llama.attention.head_count_kv")
    assert heads > kv_heads and heads % kv_heads == 0
    assert value(reader, "llama.rope.dimension_count") == value(reader, "llama.embedding_length") // heads


def test_tensors(reader):
    """Every tensor of a tied Llama is there, with the shape that the metadata says, and nothing else."""
    dim, ffn = value(reader, "llama.embedding_length"), value(reader, "llama.feed_forward_length")
    kv = value(reader, "llama.rope.dimension_count") * value(reader, "llama.attention.head_count_kv")
    wanted = {"token_embd.weight": (dim, value(reader, "llama.vocab_size")), "output_norm.weight": (dim,)}
    for layer in range(value(reader, "llama.block_count")):
        wanted |= {f"blk.{layer}.{name}.weight": shape for name, shape in dict(
            attn_norm=(dim,), attn_q=(dim, dim), attn_k=(dim, kv), attn_v=(dim, kv), attn_output=(dim, dim),
            ffn_norm=(dim,), ffn_gate=(dim, ffn), ffn_up=(dim, ffn), ffn_down=(ffn, dim)).items()}
    assert {tensor.name: tuple(map(int, tensor.shape)) for tensor in reader.tensors} == wanted


def test_formats_and_finite_values(reader):
    for tensor in reader.tensors:
        matrix = len(tensor.shape) == 2
        assert tensor.tensor_type.name == ("Q8_0" if matrix else "F32"), tensor.name
        assert np.isfinite(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).all(), tensor.name


def test_vocabulary(reader):
    tokens, kinds, scores = (value(reader, f"tokenizer.ggml.{key}")
                             for key in ("tokens", "token_type", "scores"))
    assert len(tokens) == len(kinds) == len(scores) == value(reader, "llama.vocab_size")
    assert len(set(tokens)) == len(tokens)
    assert tokens[:3] == ["<unk>", "<s>", "</s>"] and kinds[:3] == [2, 3, 3]
    assert tokens[3:259] == [f"<0x{byte:02X}>" for byte in range(256)] and set(kinds[3:259]) == {6}
    for number, name in enumerate(("unknown", "bos", "eos")):
        assert value(reader, f"tokenizer.ggml.{name}_token_id") == number
