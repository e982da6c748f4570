"""The sampler against the definitions that it states, written out token by token."""

import math

from hypothesis import given, strategies as st
import numpy as np
import pytest

from host.errors import CelosiaError
from host.text.sampler import Sampler

LOGITS = np.log([0.1, 0.4, 0.05, 0.25, 0.2])


def chain(logits, previous, temperature, top_k, top_p, min_p, penalty, window):
    """Probabilities as the docstring defines them: one filter after another on a list of (logit, id)."""
    recent = set(previous if window < 0 else previous[-window:] if window else [])
    tokens = [((x / penalty if x > 0 else x * penalty) if token in recent else x, token)
              for token, x in enumerate(logits)]
    tokens.sort(key=lambda item: (-item[0], item[1]))
    if top_k:
        tokens = tokens[:top_k]

    def shares(scale):
        weights = [math.exp((x - tokens[0][0]) / scale) for x, _ in tokens]
        return [weight / math.fsum(weights) for weight in weights]

    if top_p < 1:
        total = 0
        for count, share in enumerate(shares(1), 1):
            total += share
            if total >= top_p:
                break
        tokens = tokens[:count]
    if min_p:
        tokens = [(x, token) for x, token in tokens if x >= tokens[0][0] + math.log(min_p)]
    result = np.zeros(len(logits))
    for share, (_, token) in zip(shares(temperature), tokens):
        result[token] = share
    return result


@given(logits=st.lists(st.floats(-20, 20), min_size=1, max_size=30),
       previous=st.lists(st.integers(0, 29), max_size=12), temperature=st.floats(0.05, 4),
       top_k=st.integers(0, 32), top_p=st.floats(0, 1), min_p=st.floats(0, 1), penalty=st.floats(0.5, 2),
       window=st.integers(-1, 14))
def test_filters(logits, previous, temperature, top_k, top_p, min_p, penalty, window):
    previous = [token % len(logits) for token in previous]
    sampler = Sampler(temperature, top_k=top_k, top_p=top_p, min_p=min_p, repeat_penalty=penalty,
                      repeat_last_n=window)
    found = sampler.probabilities(np.array(logits), previous)
    # A sum that top-p compares, or the bound of min-p, may round to the other side.
    near = 1e-12 * np.array([(0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)])
    assert any(np.allclose(found, chain(logits, previous, temperature, top_k, top_p * (1 + p), min_p * (1 + m),
                                        penalty, window), rtol=1e-9, atol=1e-300) for p, m in near)


@pytest.mark.parametrize("options, kept", [
    ({}, [0, 1, 2, 3, 4]),
    ({"top_k": 2}, [1, 3]),
    ({"top_k": 9}, [0, 1, 2, 3, 4]),
    ({"top_p": 0.6}, [1, 3]),       # 0.4 + 0.25 is the first sum of at least 0.6
    ({"top_p": 0}, [1]),
    ({"min_p": 0.3}, [1, 3, 4]),    # at least 0.12
    ({"min_p": 1}, [1]),
    ({"top_k": 3, "top_p": 0.75}, [1, 3]),  # of 0.85 that top-k left, 0.65 is 0.765
])
def test_what_filters_keep(options, kept):
    probabilities = Sampler(1.0, **options).probabilities(LOGITS)
    assert np.flatnonzero(probabilities).tolist() == kept
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[kept] / probabilities[1] == pytest.approx(np.exp(LOGITS)[kept] / 0.4)


def test_filters_see_temperature_one():
    """At 10 the tokens are nearly equal, and top-p of 0.6 would keep three of them."""
    assert np.count_nonzero(Sampler(10.0, top_p=0.6).probabilities(LOGITS)) == 2


def test_penalty_makes_every_repeated_token_less_likely():
    logits = np.array([3.0, -3.0, 1.0])
    before = Sampler(1.0).probabilities(logits)
    for token in range(3):
        after = Sampler(1.0, repeat_penalty=1.5).probabilities(logits, [token, token])
        assert after[token] < before[token]
    np.testing.assert_array_equal(logits, [3, -3, 1])


def test_penalty_forgets():
    sampler = Sampler(1.0, repeat_penalty=2.0, repeat_last_n=2)
    latest = sampler.probabilities(LOGITS, [3, 4])
    np.testing.assert_array_equal(sampler.probabilities(LOGITS, [1, 3, 4]), latest)
    none = Sampler(1.0, repeat_penalty=2.0, repeat_last_n=0)
    np.testing.assert_array_equal(none.probabilities(LOGITS, [1, 3]), Sampler(1.0).probabilities(LOGITS))


def test_greedy():
    assert Sampler().greedy and Sampler(repeat_penalty=1.0).greedy
    assert Sampler().choose([1.0, 5.0, 5.0]) == 1
    penalised = Sampler(repeat_penalty=2.0)
    assert not penalised.greedy
    assert penalised.choose([1.0, 5.0, 4.0], [1]) == 2
    np.testing.assert_array_equal(penalised.probabilities([1.0, 5.0, 4.0], [1]), [0, 0, 1])
    assert Sampler(repeat_penalty=2.0, repeat_last_n=0).greedy


def test_frequencies():
    """10,000 draws: every count within five standard deviations, nothing that a filter took away."""
    sampler = Sampler(0.7, 5, top_k=4)
    probabilities = sampler.probabilities(LOGITS)
    counts = np.bincount([sampler.choose(LOGITS) for _ in range(10_000)], minlength=5)
    assert counts[2] == 0
    deviation = np.sqrt(10_000 * probabilities * (1 - probabilities))
    assert (abs(counts - 10_000 * probabilities) <= 5 * deviation).all()


def test_seeds():
    def draws(seed):
        sampler = Sampler(1.0, seed)
        return [sampler.choose(LOGITS) for _ in range(50)]

    assert draws(3) == draws(3) != draws(4)


def test_a_tiny_temperature_is_greedy():
    assert {Sampler(1e-300, seed).choose(LOGITS) for seed in range(20)} == {1}


@pytest.mark.parametrize("options, message", [
    ({"temperature": -1.0}, "temperature must be 0 or more, not -1.0"),
    ({"temperature": math.inf}, "temperature must be 0 or more, not inf"),
    ({"seed": -1}, "seed must be 0 or more, not -1"),
    ({"top_k": -1}, "top-k must be 0 or more, not -1"),
    ({"top_p": 1.5}, "top-p must be 0 to 1, not 1.5"),
    ({"top_p": math.nan}, "top-p must be 0 to 1, not nan"),
    ({"min_p": -0.1}, "min-p must be 0 to 1, not -0.1"),
    ({"repeat_penalty": 0.0}, "repeat penalty must be 0.001 to 1000, not 0.0"),
    ({"repeat_last_n": -2}, "repeat last n must be -1 or more, not -2"),
])
def test_bad_parameters(options, message):
    with pytest.raises(CelosiaError) as raised:
        Sampler(**options)
    assert str(raised.value) == message


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_logits_that_are_no_numbers(temperature, bad):
    with pytest.raises(CelosiaError, match=f"^logits must be finite to draw from, not {bad}$"):
        Sampler(temperature).choose([0.0, bad])
