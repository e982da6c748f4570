"""Byte-pair merges against the definition, done step by step."""

import numpy as np
import pytest

from host.text.tokenizer.merging import merge


def by_definition(symbols, ranks):
    """Look at all pairs again for each join."""
    parts = list(symbols)
    while True:
        found = [(ranks[left + right], at) for at, (left, right) in enumerate(zip(parts, parts[1:]))
                 if left + right in ranks]
        if not found:
            return parts
        _rank, at = min(found)
        parts[at:at + 2] = [parts[at] + parts[at + 1]]


@pytest.mark.parametrize("seed", range(40))
def test_random(seed):
    """Few letters, many words, many equal ranks."""
    random = np.random.default_rng(seed)
    words = {"".join(random.choice(list("abc"), random.integers(2, 6))) for _ in range(60)}
    ranks = {word: int(random.integers(0, 8)) for word in sorted(words)}
    for _ in range(20):
        text = "".join(random.choice(list("abcd"), random.integers(0, 40)))
        assert merge(text, lambda left, right: ranks.get(left + right)) == by_definition(text, ranks), (seed, text)


@pytest.mark.parametrize("text, parts", [
    ("", []), ("a", ["a"]), ("aaaa", ["aa", "aa"]), ("aaaaa", ["aa", "aa", "a"]), ("abab", ["ab", "ab"]),
])
def test_the_leftmost_of_equals_comes_first(text, parts):
    assert merge(text, lambda left, right: 0 if left + right in ("aa", "ab") else None) == parts


def test_long_texts_take_no_square_of_their_time():
    text = "ab" * 50_000
    assert merge(text, lambda left, right: len(left + right) if len(left + right) in (2, 4, 8) else None) == (
        ["abababab"] * 12_500)
