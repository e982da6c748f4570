"""Sampling in integers: what it is, and how far from exact probabilities."""

import math

from hypothesis import given, strategies as st
import numpy as np
import pytest

from host.errors import CelosiaError
from host.text.integer_sampler import IntegerSampler, ONE, Pcg32, fixed_logits, negative_power, scaled
from host.text.sampler import Sampler


def test_random_numbers_of_pcg32():
    """O'Neill's generator in integers of any size, with the increment and the seeding of this one."""
    def reference(seed, count):
        state = 0
        for step in range(count + 2):
            old = state
            state = (old * 6364136223846793005 + 1442695040888963407) % 2**64
            if step == 0:
                state = (state + seed) % 2**64
            if step > 1:
                word, turn = (old >> 18 ^ old) >> 27 & 0xFFFFFFFF, old >> 59
                yield (word >> turn | word << (-turn & 31)) & 0xFFFFFFFF

    for seed in (0, 1, 42, 2**64 - 1):
        numbers = Pcg32(seed)
        assert [numbers.next() for _ in range(20)] == list(reference(seed, 20))


def test_logits_with_16_bits_behind_the_point():
    logits = np.float32([0, -0.0, 1, -1.5, 2**-16, -(2**-17), 16383.99, 16384, 3e38, -3e38, 1e-40])
    assert fixed_logits(logits).tolist() == [
        0, 0, 65536, -98304, 1, 0, math.floor(float(np.float32(16383.99)) * 65536), 2**30 - 1, 2**30 - 1,
        1 - 2**30, 0]


@given(value=st.floats(-16383, 16383, width=32))
def test_fixed_logits(value):
    assert fixed_logits(np.float32([value])).tolist() == [math.trunc(value * 65536)]


def test_powers_of_two():
    exponents = np.arange(0, 33 << 16, 7)
    powers = negative_power(exponents)
    near = exponents < 8 << 16
    assert np.abs(powers[near] / 2**31 / 2.0**(-exponents[near] / 65536) - 1).max() < 2**-22
    assert (powers[exponents >= 32 << 16] == 0).all() and powers[exponents < 31 << 16].min() >= 1
    assert (np.diff(powers) <= 0).all()


@given(total=st.integers(0, 2**50), fraction=st.integers(0, 2**32 - 1))
def test_scaled(total, fraction):
    assert scaled(total, fraction) == (total >> 32) * fraction + ((total & 2**32 - 1) * fraction >> 32)


@pytest.mark.parametrize("temperature, top_k, top_p", [
    (1, 0, 1), (0.7, 0, 1), (2, 0, 1), (1, 5, 1), (1, 0, 0.6), (0.8, 12, 0.9), (5, 3, 0.99)])
def test_as_likely_as_the_exact_one(temperature, top_k, top_p):
    """Chi-square of 8,000 draws against float64, with the same filters."""
    logits = np.random.default_rng(5).normal(0, 2, 40).astype(np.float32)
    exact = Sampler(temperature, top_k=top_k, top_p=top_p).probabilities(logits)
    sampler = IntegerSampler.from_options(temperature, 11, top_k=top_k, top_p=top_p)
    draws = 8_000
    counts = np.bincount([sampler.choose(logits) for _ in range(draws)], minlength=40)
    assert not counts[exact == 0].any()
    kept = exact * draws > 5
    expected = exact[kept] * draws
    chi = ((counts[kept] - expected) ** 2 / expected).sum()
    degrees = max(1, kept.sum() - 1)
    # Five standard deviations of that distribution.
    assert chi < degrees + 5 * math.sqrt(2 * degrees)


@given(logits=st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=60), temperature=st.floats(0.02, 20),
       top_k=st.integers(0, 70), top_p=st.floats(0, 1))
def test_weights_are_exact_probabilities(logits, temperature, top_k, top_p):
    """Near enough: two parts in ten thousand, where the filters do not stand on a knife's edge."""
    logits = np.float32(logits)
    sampler = IntegerSampler.from_options(temperature, 0, top_k=top_k, top_p=top_p)
    ids, weights = sampler._kept(fixed_logits(logits))
    found = np.zeros(len(logits))
    found[ids] = weights / weights.sum()
    for share in (top_p, max(0, top_p - 1e-3), min(1, top_p + 1e-3)):
        exact = Sampler(math.floor(temperature * ONE) / ONE, top_k=top_k, top_p=share).probabilities(
            np.trunc(logits.astype(float) * ONE) / ONE)
        if np.abs(found - exact).max() < 2e-4 * max(1, 1 / temperature):
            return
    raise AssertionError((found, exact))


def test_greedy():
    sampler = IntegerSampler()
    assert sampler.greedy and sampler.choose(np.float32([1, 3, 3, 2])) == 1
    assert not IntegerSampler(ONE).greedy


@pytest.mark.parametrize("options, message", [
    ({"temperature": 654}, "Temperature must be 0 or 655 to 6553600, not 654"),
    ({"temperature": 6553601}, "Temperature must be 0 or 655 to 6553600, not 6553601"),
    ({"seed": -1}, f"Seed must be 0 to {2**64 - 1}, not -1"),
    ({"top_k": 1 << 32}, f"Top-k must be 0 to {2**32 - 1}, not {1 << 32}"),
    ({"top_p": ONE + 1}, "Top-p must be 0 to 65536, not 65537"),
])
def test_parameters(options, message):
    with pytest.raises(ValueError) as caught:
        IntegerSampler(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize("change, message", [
    ({"temperature": 0.005}, "temperature must be 0, or 0.01 to 100, for a board, not 0.005"),
    ({"temperature": math.nan}, "temperature must be 0, or 0.01 to 100, for a board, not nan"),
    ({"seed": 1 << 64}, f"seed must be 0 to 2**64 - 1 for a board, not {1 << 64}"),
    ({"top_k": -1}, "top-k must be 0 to 2**32 - 1 for a board, not -1"),
    ({"top_p": 1.5}, "top-p must be 0 to 1 for a board, not 1.5"),
])
def test_options(change, message):
    options = {"temperature": 1.0, "seed": 0, "top_k": 0, "top_p": 1.0} | change
    with pytest.raises(CelosiaError) as caught:
        IntegerSampler.from_options(options.pop("temperature"), options.pop("seed"), **options)
    assert str(caught.value) == message


def test_logits_that_are_not_finite():
    with pytest.raises(CelosiaError, match="^logits must be finite to draw from, not nan$"):
        IntegerSampler(ONE).choose(np.float32([1, np.nan]))
