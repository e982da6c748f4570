"""Drafts by lookup, and the distribution of what comes of them."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, strategies

from host.text import tokenizer
from host.engine.rows import Rows
from host.text.generation import Generation
from host.gguf.model import load
from host.text.sampler import Sampler
from host.text.speculation import PromptLookup, verified


@pytest.mark.parametrize("text, count, draft", [
    ([], 3, []),
    ([1, 2, 3], 3, []),
    ([1, 2, 3, 1], 2, [2, 3]),
    ([1, 2, 3, 1], 0, []),
    ([5, 1, 9, 7, 1, 8, 4, 1], 2, [8, 4]),              # the latest occurrence ...
    ([5, 1, 9, 7, 1, 8, 5, 1], 2, [9, 7]),              # ... of the longest n-gram
    ([1, 2, 3, 4, 0, 9, 2, 3, 5, 0, 1, 2, 3], 1, [4]),  # three tokens go before two
    ([7, 7], 3, [7, 7, 7]),                             # a repetition goes on beyond the end of the text
    ([4, 1, 2, 1, 2], 5, [1, 2, 1, 2, 1]),
])
def test_drafts(text, count, draft):
    assert PromptLookup(text).draft(count) == draft


@given(strategies.lists(strategies.integers(0, 2), max_size=30), strategies.integers(0, 4))
def test_drafts_are_what_a_search_finds(text, count):
    """Backwards through the text for three tokens, for two, for one."""
    expected = []
    for length in (3, 2, 1):
        starts = [at for at in range(len(text) - length) if text[at:at + length] == text[-length:]]
        if starts:
            after = text[starts[-1] + length:]
            expected = (after * count)[:count]
            break
    lookup = PromptLookup()
    for token in text:
        lookup.push(token)
    assert lookup.draft(count) == PromptLookup(text).draft(count) == expected


def test_a_draft_is_accepted_up_to_what_was_drawn_instead():
    def outcome(drafts, *drawn):
        return list(verified(drafts, drawn.__getitem__))

    assert outcome([], 4) == [4]
    assert outcome([1, 2, 3], 1, 2, 3, 9) == [1, 2, 3, 9]
    assert outcome([1, 2, 3], 1, 5) == [1, 5]
    assert outcome([1, 2, 3], 5) == [5]


def test_one_draft_by_enumeration():
    """Leviathan et al.: x with p(x), or else of p without x; what follows an accepted x has its own distribution."""
    p, q, draft = {"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.1, "b": 0.9}, "b"
    rule = {("b", second): p["b"] * q[second] for second in q}
    rule |= {(other,): (1 - p["b"]) * p[other] / (p["a"] + p["c"]) for other in "ac"}
    found = Counter()
    for (first, one), (second, two) in product(p.items(), q.items()):
        found[tuple(verified([draft], (first, second).__getitem__))] += one * two
    assert found == pytest.approx(rule)


class MarkovEngine:
    """Predicts the next of a few tokens from the last one alone; a text of any length fits.

    Keeps what it was fed, by position, and asserts that it is always told to go on where the text ends: behind
    every token that was accepted, over every draft that was not.
    """

    group, context, cycles, bus_beats, free_logits = 4, 1 << 20, None, None, False

    def __init__(self, vocab, tokens, probabilities):
        self.position, self.largest, self.fed, self.generation = 0, 0, [], None
        self._next = np.full((vocab, vocab), -1e9, np.float32)
        self._next[np.ix_(tokens, tokens)] = np.log(probabilities)

    def extend(self, tokens, *, rows, logits=True):
        text = self.generation.prompt_ids + self.generation.ids
        # While the prompt is fed nothing is known of what follows it; then the latest token is what has not been fed.
        assert self.position == (len(text) - 1 if self.generation.ids else len(self.fed))
        assert self.fed[:self.position] == text[:self.position] and tokens[0] == text[self.position]
        self.fed[self.position:] = tokens
        self.position += len(tokens)
        self.largest = max(self.largest, len(tokens))
        result = self._next[tokens][{Rows.ALL: slice(None), Rows.LAST: slice(-1, None), Rows.NONE: slice(0)}[rows]]
        self.choices = result.argmax(axis=1).tolist()
        return result if logits else None


@pytest.fixture
def sample(write_gguf):
    """Function (speculate, seed, count) -> tokens sampled after "a b", 0..2 for a, b, c, and the engine's largest
    group."""
    words = tokenizer.load(load(write_gguf()))
    letters = words.encode("abc", bos=False)[-3:]
    chances = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.3, 0.3, 0.4]])

    def run(speculate, seed, count=4):
        engine = MarkovEngine(len(words), letters, chances)
        generation = Generation(engine, words, Sampler(1.0, seed), prompt="abcab", tokens=count, speculate=speculate)
        engine.generation = generation
        list(generation)
        assert len(generation.ids) == count
        return tuple(map(letters.index, generation.ids)), engine.largest, generation
    return run, chances


def test_distribution_with_drafts(sample):
    """Chi-square of 3,000 texts of four tokens against their probabilities; 80 degrees of freedom."""
    run, chances = sample
    runs = [run(3, seed) for seed in range(3000)]
    counts = Counter(text for text, *_ in runs)
    steps = [step for *_, generation in runs for step in generation.steps]
    accepted, drafted = (sum(values) for values in zip(*(
        (step.generated - 1, step.drafted) for step in steps if step.drafted)))
    assert 0.2 < accepted / drafted < 0.8  # both outcomes of the rule take part
    square = 0
    for text in product(range(3), repeat=4):
        chance = np.prod([chances[a][b] for a, b in zip((1, *text), text)])
        square += (counts[text] - 3000 * chance) ** 2 / (3000 * chance)
    assert square < 124.8  # the 99.9 % quantile


def test_the_same_seed_gives_the_same_text_with_and_without_drafts(sample):
    run, _ = sample
    for seed in range(20):
        (plain, *_), (drafted, largest, generation) = run(0, seed, 40), run(3, seed, 40)
        assert plain == drafted and largest == 4
        assert len(generation.steps) < 40
