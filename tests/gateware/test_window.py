"""What a token sees through a window and where it lies: numbers worked out by hand, and what holds for all of them."""

import random

import pytest

from gateware.isa import GROUP
from gateware.window import Window


@pytest.mark.parametrize("length,sinks,front,ring,places,most", [
    (512, 0, 0, 544, 544, 543), (1, 0, 0, 32, 32, 32), (2, 0, 0, 64, 64, 33), (16, 4, 32, 64, 96, 79),
    (2047, 33, 64, 2080, 2144, 2142)])
def test_sizes(length, sinks, front, ring, places, most):
    window = Window(length, sinks)
    assert (window.front, window.ring, window.places, window.most) == (front, ring, places, most)


def test_a_window_of_512():
    window = Window(512)
    assert [window.first(position) for position in (0, 511, 512, 543, 4095)] == [0, 0, 1, 32, 3584]
    assert [window.left(position) for position in (0, 542, 543, 574, 575, 4095)] == [0, 0, 32, 32, 64, 3584]
    assert [window.leaving(position) for position in (0, 542, 543, 574, 4095)] == [543, 1, 32, 1, 32]
    assert [window.place(position) for position in (0, 543, 544, 1087, 1088)] == [0, 543, 0, 543, 0]


def test_sinks_stay_in_whole_vectors():
    """With four sinks positions 0 to 31 keep their place."""
    window = Window(16, 4)
    assert [window.first(position) for position in (15, 50)] == [0, 35]
    assert [window.left(position) for position in (46, 78, 79, 110, 111)] == [0, 0, 32, 32, 64]
    assert [window.leaving(position) for position in (0, 78, 79)] == [79, 1, 32]
    assert [window.place(position) for position in (0, 31, 32, 95, 96, 160)] == [0, 31, 32, 95, 32, 32]


@pytest.mark.parametrize("seed", range(30))
def test_what_is_seen_is_never_overwritten(seed):
    """Whatever the groups: all that a group sees has a place of its own, also when it is computed again."""
    rng = random.Random(seed)
    window = Window(rng.choice([1, 2, 33, rng.randint(1, 200)]), rng.choice([0, rng.randint(1, 100)]))
    memory, position = {}, 0
    while position < 700:
        count = min(rng.randint(1, GROUP), window.leaving(position))
        members = range(position, position + count)
        for member in members:
            memory[window.place(member)] = member
        assert max(memory) < window.places
        assert len({window.left(member) for member in members}) == 1
        for member in members:
            elements = member + 1 - window.left(member)
            seen = [element if element < window.front else element + window.left(member) for element in range(elements)]
            assert elements <= window.most and seen[-1] == member
            for position_seen in (*range(min(window.sinks, member)), *range(window.first(member), member + 1)):
                assert position_seen in seen and memory[window.place(position_seen)] == position_seen
        # Drafts of which some are wrong.
        position += rng.randint(1, count)
