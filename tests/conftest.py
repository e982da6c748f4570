"""What every test shares: the data of others, a micro model, and property tests that repeat themselves exactly."""

import gguf
import numpy as np
import pytest
from hypothesis import settings

from host.paths import data_dir as shared_data

# The same cases in every run: a test that fails by chance in a pull request teaches nothing about it.
settings.register_profile("celosia", derandomize=True, deadline=None, database=None)
settings.load_profile("celosia")


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the shared test data (Path); skips the test if it is absent."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"shared test data not found at {folder}; CELOSIA_DATA names another place")
    return folder


# A micro model, small enough to be written by each test in the shape it needs.
DIM, HEADS, KV_HEADS, FFN, VOCAB = 32, 4, 2, 64, 272
HEAD_DIM = DIM // HEADS

METADATA = {
    "llama.block_count": 1,
    "llama.context_length": 32,
    "llama.embedding_length": DIM,
    "llama.feed_forward_length": FFN,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)),
                              *"\u2581abcdelost", "\u2581a", "lo", "st"],
    "tokenizer.ggml.scores": [0.0] * 259 + [-float(index) for index in range(VOCAB - 259)],
    "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256 + [1] * (VOCAB - 259),
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
}

SHAPES = {
    "token_embd.weight": (VOCAB, DIM),
    "blk.0.attn_norm.weight": (DIM,),
    "blk.0.attn_q.weight": (DIM, DIM),
    "blk.0.attn_k.weight": (KV_HEADS * HEAD_DIM, DIM),
    "blk.0.attn_v.weight": (KV_HEADS * HEAD_DIM, DIM),
    "blk.0.attn_output.weight": (DIM, DIM),
    "blk.0.ffn_norm.weight": (DIM,),
    "blk.0.ffn_gate.weight": (FFN, DIM),
    "blk.0.ffn_up.weight": (FFN, DIM),
    "blk.0.ffn_down.weight": (DIM, FFN),
    "output_norm.weight": (DIM,),
}


def _micro_tensors(ggml_type="Q8_0", seed=1):
    """Random weights: matrices quantised to `ggml_type`, norms in float32."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in SHAPES.items():
        values = random.standard_normal(shape).astype(np.float32)
        if len(shape) == 1:
            tensors[name] = (1 + values / 8, "F32")
        else:
            kind = gguf.GGMLQuantizationType[ggml_type]
            tensors[name] = (gguf.quants.quantize(values / np.sqrt(np.float32(shape[1])), kind), ggml_type)
    return tensors


def _add(writer, key, value):
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


@pytest.fixture
def micro_tensors():
    """Function (ggml_type="Q8_0", seed=1) -> dict of name to (array, type name)."""
    return _micro_tensors


@pytest.fixture
def write_gguf(tmp_path):
    """Function that writes the micro model and returns its path.

    ``metadata`` and ``tensors`` are changes to the ordinary file; None takes an entry away.
    """
    def write(metadata=None, tensors=None, *, architecture="llama", ggml_type="Q8_0", name="micro.gguf"):
        path = tmp_path / name
        writer = gguf.GGUFWriter(path, architecture)
        for key, value in (METADATA | (metadata or {})).items():
            if value is not None:
                _add(writer, key, value)
        for key, entry in (_micro_tensors(ggml_type) | (tensors or {})).items():
            if entry is not None:
                array, kind = entry
                writer.add_tensor(key, array, raw_dtype=gguf.GGMLQuantizationType[kind])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path
    return write
