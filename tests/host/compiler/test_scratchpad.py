"""Vectors get their place by the instructions that use them."""

from itertools import combinations
import random

import pytest

from boards.configs import ALL_CONFIGS
from gateware.isa import Instruction, Opcode, Sink
from host.bench.shape import find_shape
from host.compiler.compiled import compile_model
from host.compiler.scratchpad import Address, Scratchpad, most_elements


def vector(a, destination, *, sink=Sink.SCRATCHPAD):
    return Instruction(opcode=Opcode.VECTOR, a=a, destination=destination, sink=sink)


def dot(destination, columns=1):
    return Instruction(opcode=Opcode.DOT, destination=destination, columns=columns)


def test_vectors_whose_lives_do_not_meet_share_a_place():
    pad = Scratchpad(100)
    kept, one, two, three = (pad.take(length, kept=length == 10) for length in (10, 20, 30, 5))
    program, used = pad.place([vector(kept[0], one[0]), vector(one[0], two[0]), vector(two[0] + 7, three[0])])
    # The first is kept in elements 0 to 15; `one` and `two` take 32 elements each, `three` lies where `one` was.
    assert [(i.a, i.destination) for i in program] == [(0, 16), (16, 48), (55, 16)]
    assert used == 16 + 32 + 32


def test_a_vector_that_is_read_keeps_its_place_while_matrices_may_begin():
    """The result of a matrix that begins beside a pass of the vector unit lies elsewhere than what that uses."""
    pad = Scratchpad(100)
    one, two, three, four = (pad.take(16) for _ in range(4))
    program = [dot(one[0]), vector(one[0], one[0]), dot(two[0]), dot(three[0]), vector(two[0], two[0]),
               vector(three[0], three[0]), dot(four[0])]
    placed, used = pad.place(program)
    places = [i.destination for i in placed]
    assert len({places[0], places[2], places[3]}) == 3 and used == 48
    # `two` is no more used by the latest pass of the vector unit, `three` is.
    assert places[6] in {places[0], places[2]}


def test_a_matrix_that_waits_for_its_column_may_have_the_place_of_what_was_read():
    pad = Scratchpad(100)
    one, two = pad.take(16), pad.take(16)
    program = [vector(one[0], 0, sink=Sink.COLUMN), dot(two[0])]
    assert pad.place(program)[1] == 16
    beside = [vector(one[0], 1, sink=Sink.COLUMN), dot(two[0])]
    assert pad.place(beside)[1] == 32


def test_strides_and_tails():
    pad = Scratchpad(100)
    loose = pad.take(20, 3)
    packed = pad.take(20, 3, stride=48, tail=12)
    growing = pad.take_positions(2)
    program = [vector(loose[2], packed[1]), vector(packed[2] + 1, growing[1])]
    placed, used = pad.place(program)
    assert (loose.stride, packed.stride, growing.stride) == (32, 48, 112)
    # 224 elements of `growing` and 128 of `packed` live together, 96 of `loose` only with `packed`.
    assert used == 224 + 128
    assert placed[1].a - placed[0].destination == 49
    assert pad.used(program)(1000) == 2 * 1008 + 128


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed):
    """No two vectors that live at the same time overlap, whatever the program."""
    rng, pad = random.Random(seed), Scratchpad(64)
    vectors = [pad.take(rng.randrange(1, 90), rng.randrange(1, 4), kept=rng.random() < 0.1) for _ in range(30)]
    program = []
    for _ in range(80):
        near = min(len(vectors) - 1, len(program) // 3 + rng.randrange(4))
        a, b = vectors[near][0], vectors[rng.randrange(max(0, near - 4), near + 1)][0]
        program.append(dot(a) if rng.random() < 0.3 else vector(a, b))
    placed, used = pad.place(program)
    lives = {}
    for index, (before, after) in enumerate(zip(program, placed)):
        for name in ("a", "destination"):
            if isinstance(address := getattr(before, name), Address):
                place = getattr(after, name) - address.offset
                entry = lives.setdefault(address.vectors, [place, index, index])
                assert entry[0] == place, "a vector never moves"
                entry[2] = index
    for (one, (at, first, last)), (other, (there, begin, end)) in combinations(lives.items(), 2):
        if one.kept or other.kept or (first <= end and begin <= last):
            assert at + one.elements(64) <= there or there + other.elements(64) <= at
    # Vectors that are kept have room even where the program does not name them.
    kept = sum(one.elements(64) for one in vectors if one.kept)
    assert used == max(kept, *(at + one.elements(64) for one, (at, _, _) in lives.items()))


@pytest.mark.parametrize("shape, config, context, elements, group", [
    # What a fixed list of vectors took, for one token, and the largest group that it had room for.
    ("stories15m", "sim", 64, 2720, 1), ("smollm-135m", "sim-wide", 512, 4096, 2),
    ("smollm-135m", "ecp5", 2048, 8576, 1), ("smollm-135m", "ulx3s", 512, 4096, 4),
    ("smollm-135m", "arty_a7", 512, 4096, 4), ("tinyllama-1.1b", "ecpix5", 2048, 15232, 3),
    ("tinyllama-1.1b", "pynq_z1", 512, 11136, 4),
])
def test_no_more_space_than_a_fixed_list_of_vectors(shape, config, context, elements, group):
    compiled = compile_model(find_shape(shape, "F16").cut(layers=2, context=context), ALL_CONFIGS[config])
    assert compiled.scratchpad_elements <= elements and compiled.group >= group


def test_most_elements():
    assert [most_elements(lambda n: n <= limit, 1000) for limit in (0, 1, 17, 999, 1000, 5000)] == [
        0, 1, 17, 999, 1000, 1000]
