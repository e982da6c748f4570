"""The vector unit against `vector_pass`, bit for bit: every write of every pass, in order."""

from itertools import product
import random

import numpy as np
import pytest

from gateware.isa import Function, Reduce, Sink
from gateware.shapes.vector_shape import VectorShape
from gateware.vector.max_reducer import MaxReducer
from gateware.vector.quantiser import Quantiser
from gateware.vector.sum_reducer import SumReducer
from testing.vector_program import REDUCTIONS, VectorProgram, numbers


def small(*, vector_lanes=4, bus_bits=128, scratchpad=256):
    return VectorShape(lanes=vector_lanes, scratchpad=scratchpad), bus_bits


A_SOURCES = {"a": ("s", 16)}, {"a": ("s", 16), "a_swap": 1}, {"a": ("r", 1)}
B_SOURCES = ({"b": ("s", 48)}, {"b": ("s", 48), "b_wrap": 8}, {"b": ("r", 2)}, {"b": -0.7}, {"b": "stream"},
             {"b": "same"})
C_SOURCES = {"c": ("s", 80)}, {"c": ("r", 63)}, {"c": 0.3}


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_every_combination_of_sources(stall):
    program = VectorProgram(small(vector_lanes=2, bus_bits=64), np.random.default_rng(1))
    for register in (1, 2, 63):
        program.add(length=1, a=("s", 16 * (register % 4)), reduce=Reduce.SUM, into=register)
    for a, b, c in product(A_SOURCES, B_SOURCES, C_SOURCES):
        program.add(length=17, **a, **b, **c, sink=Sink.SCRATCHPAD, destination=112)
    program.run(stall=stall)


@pytest.mark.parametrize("vector_lanes,bus_bits", [(2, 32), (2, 256), (4, 32), (4, 128), (8, 64), (8, 256)])
def test_lengths(vector_lanes, bus_bits):
    """Every length with every sink, reduction and function, though not in every combination."""
    program = VectorProgram(small(vector_lanes=vector_lanes, bus_bits=bus_bits, scratchpad=1024),
                      np.random.default_rng(vector_lanes))
    sinks, reductions, functions = [], [], []
    for number, length in enumerate((1, 5, 8, 20, 64, 172, 300)[::1 if vector_lanes < 8 else 2]):
        for b in ("stream", ("s", 640)):
            sinks = sinks or [Sink.COLUMN, Sink.MEMORY, Sink.STORE, Sink.SCRATCHPAD, Sink.NONE]
            reductions = reductions or [Reduce.LARGEST, Reduce.SUM, Reduce.MAX, Reduce.NONE]
            functions = functions or list(Function)
            sink = sinks.pop()
            program.add(length=min(length, 256) if sink == Sink.STORE else length, a=("s", 0), b=b,
                        reduce=reductions.pop(), into=number, function=functions.pop(), sink=sink,
                        destination=320 if sink == Sink.SCRATCHPAD else number)
    program.run(stall=0.1)


@pytest.mark.parametrize("function", Function)
def test_corners(function):
    program = VectorProgram(small(vector_lanes=2, bus_bits=32), np.random.default_rng(function), corners=0.6)
    for reduce in (Reduce.NONE, *REDUCTIONS):
        program.add(length=70, a=("s", 0), b="stream", c=("s", 80), function=function, reduce=reduce, into=1,
                    sink=Sink.SCRATCHPAD, destination=160)
        program.add(length=70, a=("s", 160), b=1.0, c=-0.0, function=function, reduce=reduce, into=2,
                    sink=Sink.COLUMN, destination=31)
        program.add(length=70, a=("s", 80), b="same", function=function, reduce=reduce, into=3,
                    sink=Sink.STORE)
        program.add(length=71, a=("s", 80), b=1.0, c=-0.0, function=function, reduce=reduce, into=4, sink=Sink.MEMORY)
    program.run()


@pytest.mark.parametrize("vector_lanes,bus_bits", [(2, 64), (4, 256), (8, 32), (16, 128)])
def test_hidden_elements(vector_lanes, bus_bits):
    """Between the sinks and a window, in every part of a stripe, also infinities and NaNs; whatever the pass does."""
    rng = random.Random(vector_lanes)
    program = VectorProgram(small(vector_lanes=vector_lanes, bus_bits=bus_bits, scratchpad=512),
                      np.random.default_rng(vector_lanes), corners=0.2)
    program.add(length=1, a=("s", 0), reduce=Reduce.MAX, into=63)
    for number in range(36):
        sinks = rng.choice([0, 0, 1, vector_lanes, rng.randint(0, 40), 127])
        hidden = rng.choice([0, sinks, sinks + 1, sinks + vector_lanes, sinks + rng.randint(0, 31)])
        sink = rng.choice([Sink.COLUMN, Sink.MEMORY, Sink.STORE, Sink.SCRATCHPAD, Sink.NONE])
        program.add(length=hidden + rng.choice([1, 2, rng.randint(1, 60)]),
                    a=rng.choice([("s", 0), ("s", 0), ("r", 63)]), b=rng.choice(["stream", "same", 0.5]),
                    c=rng.choice([0.0, ("s", 16)]), function=rng.choice(list(Function)),
                    reduce=rng.choice([Reduce.NONE, *REDUCTIONS]), into=number % 5, sink=sink,
                    destination=256 if sink == Sink.SCRATCHPAD else number % 32, sinks=sinks, hidden=hidden)
    program.run(stall=rng.choice([0.0, 0.4]))


def test_no_operand_from_the_scratchpad():
    program = VectorProgram(small(), np.random.default_rng(0))
    program.add(length=1, a=("s", 0), reduce=Reduce.SUM, into=1)
    program.add(length=30, a=("r", 1), b=2.0, c=1.0, reduce=Reduce.SUM, into=2, sink=Sink.SCRATCHPAD,
                destination=16)
    program.add(length=30, a=("r", 2), b="stream", c=("r", 1), reduce=Reduce.MAX, into=1, sink=Sink.COLUMN)
    program.add(length=30, a=("r", 1), b="same", c=("r", 2), sink=Sink.STORE)
    program.run(stall=0.3)


@pytest.mark.parametrize("vector_lanes,stall", [(2, 0.9), (4, 0.0), (4, 0.6), (8, 0.9), (16, 0.6)])
def test_elements_to_dram(vector_lanes, stall):
    """Short and long passes one right after another, with functions and reductions, while the way to DRAM waits so long
    that the queue of elements is full, and empty again."""
    program = VectorProgram(small(vector_lanes=vector_lanes), np.random.default_rng(vector_lanes))
    for index, length in enumerate((1, vector_lanes, vector_lanes + 1, 2, 3 * vector_lanes - 1, 120, 1)):
        program.add(length=length, a=("s", 0), b="stream" if index % 2 else ("s", 128), sink=Sink.MEMORY, into=index,
                    function=list(Function)[index % 4], reduce=[Reduce.NONE, *REDUCTIONS][index // 2 % 4])
        program.add(length=min(length, 40), a=("s", 16), sink=Sink.SCRATCHPAD, destination=0)
    program.run(stall=stall)


def test_elements_one_per_cycle():
    """A pass with a function, whose pipeline is the longest, and 256 elements, more than the queue holds."""
    for vector_lanes in (2, 16):
        program = VectorProgram(small(vector_lanes=vector_lanes), np.random.default_rng(0))
        program.add(length=256, a=("s", 0), b=0.7, function=Function.EXP2, sink=Sink.MEMORY)
        assert program.run() == [256 + 24 + 18 + 6 + vector_lanes - 1]


@pytest.mark.parametrize("code_bits", [8, 4])
def test_codes_with_a_scale_that_is_computed(code_bits):
    """What a program does to store vectors, of zeros and of the largest numbers too, each right after another."""
    program = VectorProgram(small(vector_lanes=4), np.random.default_rng(code_bits))
    program.scratchpad[0:48] = program.initial[0:48] = 0
    program.scratchpad[64:96] = program.initial[64:96] = np.tile(np.float32([3.4e38, -3e38, 1e38, 0]), 8)
    for address in (0, 64, 96, 128):
        program.add(length=48, a=("s", address), reduce=Reduce.LARGEST, into=1)
        program.add(length=1, a=("r", 1), b=1 / (2**(code_bits - 1) - 1), c=2.0**-126, reduce=Reduce.SUM, into=2)
        program.add(length=1, a=("r", 2), function=Function.RECIPROCAL, reduce=Reduce.SUM, into=3)
        program.add(length=48, a=("s", address), b=("r", 3), sink=Sink.STORE, into=2, code_bits=code_bits)
    largest = 2**(code_bits - 1) - 1
    for effects in program.effects[3::4]:
        codes = np.array([effect[1] for effect in effects])
        assert abs(codes).max() == (0 if effects is program.effects[3] else largest)
    program.run(stall=0.3)


def test_passes_that_depend_on_each_other():
    """RMSNorm, RoPE and softmax, each pass reading what the one before has just written, much of it in
    place."""
    program = VectorProgram(small(scratchpad=512), np.random.default_rng(0))
    program.add(length=64, a=("s", 0), b="same", reduce=Reduce.SUM, into=1)
    program.add(length=1, a=("r", 1), b=1 / 64, c=1e-5, function=Function.RSQRT, reduce=Reduce.SUM, into=1)
    program.add(length=64, a=("s", 0), b=("r", 1), sink=Sink.SCRATCHPAD, destination=0)
    program.add(length=64, a=("s", 0), b="stream", sink=Sink.COLUMN, destination=1)
    program.add(length=64, a=("s", 0), b=("s", 128), b_wrap=16, sink=Sink.SCRATCHPAD, destination=256)
    program.add(length=64, a=("s", 0), a_swap=1, b=("s", 192), b_wrap=16, c=("s", 256), sink=Sink.SCRATCHPAD,
                destination=0)
    program.add(length=61, a=("s", 0), b="stream", reduce=Reduce.MAX, into=2, sink=Sink.SCRATCHPAD,
                destination=0)
    program.add(length=1, a=("r", 2), b=-0.18, reduce=Reduce.SUM, into=3)
    program.add(length=61, a=("s", 0), b=0.18, c=("r", 3), function=Function.EXP2, reduce=Reduce.SUM, into=1,
                sink=Sink.SCRATCHPAD, destination=0)
    program.add(length=1, a=("r", 1), function=Function.RECIPROCAL, reduce=Reduce.SUM, into=1)
    program.add(length=61, a=("s", 0), b=("r", 1), sink=Sink.SCRATCHPAD, destination=0)
    program.add(length=61, a=("s", 0), b="stream", sink=Sink.STORE)
    program.run()


@pytest.mark.parametrize("vector_lanes", [4, 16])
def test_cycles(vector_lanes):
    """The figures of the docstring, exactly."""
    program = VectorProgram(small(vector_lanes=vector_lanes), np.random.default_rng(0))
    want = []
    for reads, operands in enumerate(({"a": ("r", 0)}, {"a": ("s", 0)}, {"a": ("s", 0), "b": ("s", 48)},
                                      {"a": ("s", 0), "b": ("s", 48), "c": ("s", 96)})):
        if reads == 0:
            program.add(length=1, a=("s", 0), reduce=Reduce.MAX)
            want.append(2 + 24 + 1 + MaxReducer.latency(vector_lanes // 2) + 2)
        for length in (1, 40):
            stripes = -(-length // vector_lanes)
            program.add(length=length, **operands, sink=Sink.SCRATCHPAD, destination=144)
            program.add(length=length, **operands, function=Function.EXP2)
            want += [stripes * max(1, reads) + 25, stripes * max(2, reads) + 43]
    stripes = -(-64 // vector_lanes)
    program.add(length=64, a=("s", 0), reduce=Reduce.SUM, into=1)
    half = vector_lanes // 2
    want.append(2 * stripes * SumReducer.interval(half) + 24 + 1 + SumReducer.tail(half, 64) + 2)
    program.add(length=64, a=("s", 0), sink=Sink.COLUMN)
    want.append(stripes + 24 + Quantiser.latency(vector_lanes) + stripes)
    for length in (1, 64, 65):
        program.add(length=length, a=("s", 0), sink=Sink.MEMORY)
        want.append(-(-length // vector_lanes) * vector_lanes + 24 + 6 + (length - 1) % vector_lanes)
    assert program.run() == want


@pytest.mark.parametrize("seed", range(5))
def test_random_programs(seed):
    """Any operands, sinks and destinations that the instruction set allows, with stalls everywhere."""
    choices = random.Random(seed)
    lanes, bus_bits = ((2, 32), (4, 256), (2, 128), (8, 32), (4, 64))[seed]
    program = VectorProgram(small(vector_lanes=lanes, bus_bits=bus_bits, scratchpad=512),
                      np.random.default_rng(seed), corners=choices.choice([0, 0, 0.05, 0.5]))

    def scratchpad():
        return "s", 16 * choices.randrange(0, (512 - 176) // 16)

    program.add(length=1, a=("s", 0), reduce=Reduce.SUM, into=1)
    program.add(length=1, a=("s", 16), reduce=Reduce.MAX, into=2)
    for _ in range(16 if lanes < 8 else 6):
        length = choices.choice([1, 2, 3, 5, 8, 20, 33, 63, 64, 65, 100, 172])
        a = choices.choice([scratchpad(), scratchpad(), ("r", 1)])
        b = choices.choice([scratchpad(), ("r", 2), 0.7, 1.0, "stream", "same"])
        c = choices.choice([scratchpad(), ("r", 1), 0.0, 0.3])
        fields = {"a_swap": int(a[0] == "s" and choices.random() < 0.3)}
        if isinstance(b, tuple) and b[0] == "s" and choices.random() < 0.4:
            fields["b_wrap"] = choices.choice([16, 32, 48])
        sink = choices.choice([Sink.NONE, Sink.SCRATCHPAD, Sink.SCRATCHPAD, Sink.COLUMN, Sink.STORE, Sink.MEMORY])
        destination = choices.randrange(32)
        if sink == Sink.SCRATCHPAD:
            read = {operand[1] for operand in (a, b, c) if isinstance(operand, tuple) and operand[0] == "s"}
            apart = [address for address in range(0, 512 - 176, 16)
                     if all(abs(address - other) >= 176 for other in read)]
            if len(read) == 1 and length % 2 == 0 and not fields.get("b_wrap") and choices.random() < 0.5:
                destination = read.pop()
            elif apart:
                destination = choices.choice(apart)
            else:
                sink = Sink.NONE
        program.add(length=length, a=a, b=b, c=c, **fields, sink=sink, destination=destination,
                    function=choices.choice(list(Function)), reduce=choices.choice([Reduce.NONE, *REDUCTIONS]),
                    into=choices.choice([1, 2, 3, 63]), code_bits=choices.choice([16, 8, 4]))
    program.run(stall=choices.choice([0.1, 0.5, 0.7]), seed=seed)
