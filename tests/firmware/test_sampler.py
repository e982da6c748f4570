"""The firmware's sampler against the definition: bit for bit."""

import ctypes

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from host.text.integer_sampler import IntegerSampler, LEAST_TEMPERATURE, MOST_TEMPERATURE, ONE
from soc.cpu.board_file import NOTHING
from testing.native_firmware import native_library


class _Sampler(ctypes.Structure):
    _fields_ = [("temperature", ctypes.c_uint32), ("top_k", ctypes.c_uint32), ("top_p", ctypes.c_uint32),
                ("state", ctypes.c_uint64)]


def drawn(logits, count, *, temperature, seed, top_k, top_p):
    """What the firmware draws, one after another."""
    library = native_library()
    sampler = _Sampler(temperature, top_k, top_p)
    library.sampler_seed(ctypes.byref(sampler), ctypes.c_uint64(seed))
    logits = np.ascontiguousarray(logits, np.float32)
    largest = int(logits.argmax()) if np.isfinite(logits).all() else 0
    room = np.full(2 * len(logits) + 2, 0xA5A5A5A5, np.uint32)
    tokens = [library.sampler_choose(
        ctypes.byref(sampler), logits.ctypes.data_as(ctypes.c_void_p), len(logits), largest,
        room.ctypes.data_as(ctypes.c_void_p)) & 0xFFFFFFFF for _ in range(count)]
    assert (room[-2:] == 0xA5A5A5A5).all()
    return tokens


SETTINGS = {
    "temperature": st.integers(LEAST_TEMPERATURE, MOST_TEMPERATURE) | st.integers(ONE // 4, 2 * ONE),
    "seed": st.integers(0, 2**64 - 1), "top_k": st.integers(0, 12) | st.integers(0, 2**32 - 1),
    "top_p": st.integers(0, ONE)}


@settings(max_examples=500)
@given(logits=st.lists(st.floats(-20, 20, width=32) | st.sampled_from([0.0, 1.0, 1.0 + 2**-17])
                       | st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40),
       **SETTINGS)
def test_few_logits(logits, **settings):
    """Equal ones among them, and those beyond what sixteen bits in front of the point hold."""
    sampler = IntegerSampler(**settings)
    assert drawn(logits, 5, **settings) == [sampler.choose(np.float32(logits)) for _ in range(5)]


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), spread=st.floats(0.1, 12), **{key: SETTINGS[key] for key in ("temperature", "top_p")},
       top_k=st.sampled_from([0, 1, 40, 400, 5000]))
def test_a_vocabulary(seed, spread, **settings):
    logits = np.random.default_rng(seed).normal(0, spread, 3000).astype(np.float32)
    sampler = IntegerSampler(seed=seed, **settings)
    assert drawn(logits, 3, seed=seed, **settings) == [sampler.choose(logits) for _ in range(3)]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_logits_that_are_not_finite(bad):
    assert drawn([1, bad, 2], 1, temperature=ONE, seed=0, top_k=0, top_p=ONE) == [NOTHING]
