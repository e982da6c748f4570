"""The loader: what it reads from good files."""

import gguf
import numpy as np
import pytest

from host.gguf.model import check_values, load


def test_hyperparameters_of_stories260k(data_dir):
    model = load(data_dir / "stories260K" / "stories260K.gguf")
    hp = model.hyperparameters
    assert (hp.layers, hp.dim, hp.ffn, hp.vocab, hp.context) == (5, 64, 172, 512, 2048)
    assert (hp.heads, hp.kv_heads, hp.head_dim) == (8, 4, 8)
    assert (hp.ropes["rope"].dim, hp.ropes["rope"].theta, hp.ropes["rope"].scale, hp.bos, hp.eos) == (8, 10000, 1, 1, 2)
    assert hp.norm_eps == np.float32(1e-5)
    assert not hp.tied and hp.heads_per_kv == 2 and hp.ropes["rope"].factors is None
    assert len(model.tensors) == 48
    assert model.output is model.tensors["output.weight"]


@pytest.mark.parametrize("name, kinds", [
    ("F16", {"F32", "F16"}),
    ("BF16", {"F32", "BF16"}),
    ("Q8_0", {"F32", "Q8_0"}),
    ("Q4_0", {"F32", "Q4_0", "Q6_K"}),
])
def test_tensors_as_the_package_reads_them(data_dir, name, kinds):
    path = data_dir / "formats" / f"tiny-{name}.gguf"
    model = load(path)
    assert {tensor.ggml_type for tensor in model.tensors.values()} == kinds
    for reference in gguf.GGUFReader(path).tensors:
        tensor = model.tensors[reference.name]
        values = gguf.quants.dequantize(reference.data, reference.tensor_type)
        assert tensor.ggml_type == reference.tensor_type.name
        assert tensor.shape == np.atleast_2d(values).shape
        assert np.array_equal(tensor.raw.reshape(-1), reference.data.reshape(-1).view(np.uint8))
        assert np.array_equal(tensor.dequantise(), np.atleast_2d(values))


def test_raw_stays_in_the_file(data_dir):
    model = load(data_dir / "formats" / "tiny-Q8_0.gguf", check=False)
    for tensor in model.tensors.values():
        assert not tensor.raw.flags.writeable and not tensor.raw.flags.owndata


def test_dequantise_rows(write_gguf):
    tensor = load(write_gguf()).tensors["token_embd.weight"]
    whole = tensor.dequantise(dtype=np.float64)
    assert whole.dtype == np.float64 and whole.shape == tensor.shape
    assert np.array_equal(tensor.dequantise(slice(3, 9)), whole[3:9])
    assert np.array_equal(tensor.dequantise(np.array([7, 1, 7])), whole[[7, 1, 7]])


def test_dequantised_values_may_be_written(write_gguf):
    tensor = load(write_gguf()).tensors["output_norm.weight"]
    before = tensor.dequantise()
    tensor.dequantise()[:] = 0
    assert np.array_equal(tensor.dequantise(), before)


@pytest.mark.parametrize("chunk_bytes, sizes", [(1, [1] * 272), (34 * 100, [100, 100, 72]), (1 << 20, [272])])
def test_row_chunks(write_gguf, chunk_bytes, sizes):
    chunks = load(write_gguf()).tensors["token_embd.weight"].row_chunks(chunk_bytes)
    assert [chunk.stop - chunk.start for chunk in chunks] == sizes
    assert chunks[0].start == 0 and all(a.stop == b.start for a, b in zip(chunks, chunks[1:]))


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4"])
def test_types_of_small_blocks_are_checked(write_gguf, kind):
    check_values(load(write_gguf(ggml_type=kind), check=False))


def test_tied_output(write_gguf, micro_tensors):
    model = load(write_gguf())
    assert model.hyperparameters.tied and model.output is model.tensors["token_embd.weight"]
    separate = load(write_gguf(tensors={"output.weight": micro_tensors(seed=2)["token_embd.weight"]}))
    assert not separate.hyperparameters.tied and separate.output is separate.tensors["output.weight"]


@pytest.mark.parametrize("changes", [
    {},
    {"llama.vocab_size": 272},
    {"tokenizer.ggml.tokens": None, "tokenizer.ggml.scores": None, "tokenizer.ggml.token_type": None},
])
def test_vocabulary_size(write_gguf, changes):
    assert load(write_gguf(changes)).hyperparameters.vocab == 272


def test_defaults(write_gguf, micro_tensors):
    queries = micro_tensors()["blk.0.attn_q.weight"]
    hp = load(write_gguf(
        {"llama.attention.head_count_kv": None, "tokenizer.ggml.bos_token_id": None,
         "tokenizer.ggml.eos_token_id": 0xFFFF_FFFF},
        {"blk.0.attn_k.weight": queries, "blk.0.attn_v.weight": queries})).hyperparameters
    assert (hp.kv_heads, hp.ropes["rope"].dim, hp.ropes["rope"].theta, hp.bos, hp.eos) == (4, 8, 10000.0, None, None)


@pytest.mark.parametrize("changes, scale", [
    ({"rope.scaling.factor": 4.0}, 4),
    ({"rope.scaling.factor": 4.0, "rope.scaling.type": "none"}, 1),
    ({"rope.scaling.factor": 0.0, "rope.scaling.type": "linear"}, 1),
    ({"rope.scaling.factor": 0.0, "rope.scale_linear": 2.0}, 1),
    ({"rope.scaling.type": "linear"}, 1),
    ({"rope.scale_linear": 2.0}, 2),
    ({"rope.scale_linear": 2.0, "rope.scaling.type": "linear"}, 2),
    ({"rope.scale_linear": 2.0, "rope.scaling.type": "none"}, 1),
    ({"rope.scale_linear": 0.0}, 1),
    ({"rope.scale_linear": 2.0, "rope.scaling.factor": 8.0}, 8),
])
def test_linear_scaling(write_gguf, changes, scale):
    path = write_gguf({f"llama.{key}": value for key, value in changes.items()})
    assert load(path).hyperparameters.ropes["rope"].scale == scale


@pytest.mark.parametrize("key, value", [
    ("attention.causal", True), ("attention.scale", 0.0), ("attention.clamp_kqv", 0.0), ("expert_count", 0),
    ("expert_used_count", 0), ("logit_scale", 1.0), ("rope.scaling.attn_factor", 1.0), ("use_parallel_residual", False),
    ("attention.sliding_window", 0), ("attention.sliding_window", 32), ("attention.sliding_window", 4096),
    ("tensor_data_layout", "Meta AI original pth"), ("rope.scaling.finetuned", True),
    ("rope.scaling.original_context_length", 32), ("rope.scaling.yarn_beta_fast", 16.0),
    ("attention.layer_norm_epsilon", 1e-5), ("pooling_type", 1),
])
def test_keys_that_ask_for_nothing(write_gguf, key, value):
    assert load(write_gguf({f"llama.{key}": value})).hyperparameters == load(write_gguf()).hyperparameters


@pytest.mark.parametrize("name, shape", [
    ("blk.0.ffn_norm.weight", (1, 32)), ("output_norm.weight", (1, 1, 1, 32)), ("blk.0.attn_q.weight", (1, 32, 32)),
    ("blk.0.ffn_up.weight", (1, 1, 64, 32)),
])
def test_ones_in_front_of_a_shape_say_nothing(write_gguf, name, shape):
    values = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    tensor = load(write_gguf(tensors={name: (values, "F32")})).tensors[name]
    assert np.array_equal(tensor.dequantise(), values.reshape(-1, 32)) and tensor.shape == (values.size // 32, 32)


def test_one_number_per_layer(write_gguf):
    hp = load(write_gguf({"llama.attention.head_count_kv": [2, 2, 2]})).hyperparameters
    assert hp.kv_heads == 2


def test_head_dimension_apart_from_the_width(write_gguf, micro_tensors):
    small = {f"blk.0.attn_{name}.weight": micro_tensors()["blk.0.attn_k.weight"] for name in "qkv"}
    model = load(write_gguf(
        {"llama.attention.head_count_kv": 4, "llama.attention.key_length": 4,
         "llama.attention.value_length": 4},
        small | {"blk.0.attn_output.weight": (np.zeros((32, 16), np.float32), "F32")}))
    assert (model.hyperparameters.head_dim, model.hyperparameters.ropes["rope"].dim) == (4, 4)


def test_rope_frequencies(write_gguf):
    plain = load(write_gguf({"llama.rope.freq_base": 500000.0})).hyperparameters.ropes["rope"].frequencies(32)
    assert np.allclose(plain, [500000.0 ** (-i / 4) for i in range(4)], rtol=1e-15)
    factors = np.array([1, 2, 4, 8], np.float32)
    scaled = load(write_gguf({"llama.rope.freq_base": 500000.0, "llama.rope.scaling.type": "linear",
                              "llama.rope.scaling.factor": 4.0}, {"rope_freqs.weight": (factors, "F32")}))
    assert np.allclose(scaled.hyperparameters.ropes["rope"].frequencies(32), plain / factors / 4, rtol=1e-15)
    assert "rope_freqs.weight" not in scaled.tensors


def test_share_of_zeros(write_gguf, micro_tensors):
    """Rows of nothing but zeros, in bytes; a row that is not zero in one byte alone does not count."""
    q = np.zeros((32, 34), np.uint8)
    q[:8, 33] = 1
    size = sum(array.nbytes for array, _kind in micro_tensors().values())
    norm = np.zeros(32, np.float32)
    path = write_gguf(tensors={"blk.0.attn_q.weight": (q, "Q8_0"), "output_norm.weight": (norm, "F32")})
    assert load(path).zeros == (24 * 34 + 128) / size
    assert load(write_gguf()).zeros == 0 == load(path, check=False).zeros
