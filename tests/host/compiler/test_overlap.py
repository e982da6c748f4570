"""What may execute side by side: by hand, and in the programs of a model."""

from dataclasses import replace

import pytest

from gateware.config import CONFIGS
from gateware.isa import Instruction, Opcode, Reduce, Sink, Source
from host.compiler.compiled import compile_model
from host.compiler.overlap import conflict, overlapped
from host.gguf.model import load
from host.paths import demo_model

DOT = Instruction(opcode=Opcode.DOT, rows=32, columns=2, sink=Sink.SCRATCHPAD, destination=64, destination_stride=100)
PASS = Instruction(opcode=Opcode.VECTOR, length=16, a_source=Source.SCRATCHPAD, a=512, b_source=Source.IMMEDIATE,
                   c_source=Source.IMMEDIATE, sink=Sink.SCRATCHPAD, destination=528)


def behind(*program):
    return [instruction.behind for instruction in overlapped(list(program), 1000)]


def test_independent_instructions_run_side_by_side():
    assert behind(DOT, PASS) == [0, 1]
    assert behind(DOT, DOT, DOT, PASS) == [0, 0, 0, 2]
    assert behind(PASS, DOT) == [0, 1]


@pytest.mark.parametrize("changes", [
    {"a": 64}, {"a": 80}, {"a": 164}, {"a": 180}, {"destination": 50}, {"destination": 195},
    {"a": 0, "length_grow": 1}, {"b_source": Source.SCRATCHPAD, "b": 70},
    {"b_source": Source.SCRATCHPAD, "b": 40, "b_wrap": 30}, {"c_source": Source.SCRATCHPAD, "c": 90},
    {"sink": Sink.COLUMN, "destination": 1}])
def test_a_pass_waits_for_what_it_needs(changes):
    assert behind(DOT, replace(PASS, **changes)) == [0, 0]
    assert behind(replace(PASS, **changes), DOT) == [0, 0]


@pytest.mark.parametrize("changes", [
    {"a": 96}, {"a": 112}, {"a": 208}, {"a": 16, "b_source": Source.SCRATCHPAD, "b": 32, "b_wrap": 16},
    {"sink": Sink.COLUMN, "destination": 2}, {"a_source": Source.SCALAR, "a": 64},
    {"sink": Sink.NONE, "destination": 64}])
def test_a_pass_does_not_wait_for_more(changes):
    assert behind(DOT, replace(PASS, **changes)) == [0, 1]


def test_only_the_latest_count():
    needs_the_first = replace(PASS, a=64)
    other = replace(DOT, destination=1024)
    assert behind(DOT, other, needs_the_first) == [0, 0, 1]
    assert behind(DOT, other, other, needs_the_first) == [0, 0, 0, 2]


def test_one_writer_to_memory_at_a_time():
    store, argmax = replace(PASS, sink=Sink.STORE), replace(DOT, sink=Sink.ARGMAX)
    assert behind(argmax, store, argmax) == [0, 0, 0]


def test_scalars_conflict_among_passes():
    total = replace(PASS, reduce=Reduce.SUM, reduce_destination=5, sink=Sink.NONE)
    assert conflict(total, replace(PASS, c_source=Source.SCALAR, c=5), 1000)
    assert not conflict(total, replace(PASS, c_source=Source.SCALAR, c=6), 1000)


@pytest.mark.parametrize("name", ["sim", "sim-columns"])
def test_programs_overlap_and_nothing_beside_conflicts(name):
    """In every program, what dispatch lets run side by side has nothing in common."""
    compiled = compile_model(load(demo_model()), CONFIGS[name], 64)
    labels = set()
    for program in compiled.programs.values():
        dots, vector = [], None
        for instruction in program:
            match instruction.opcode:
                case Opcode.VECTOR:
                    beside = dots[len(dots) - instruction.behind:]
                    assert not any(conflict(dot, instruction, 64) for dot in beside), instruction.label
                    labels |= {instruction.label.split(".", 2)[-1]} if beside else set()
                    vector = instruction
                case Opcode.DOT:
                    assert not (instruction.behind and conflict(vector, instruction, 64)), instruction.label
                    dots.append(instruction)
    assert {"rope_k.cosine", "silu.exp"} <= {label.replace(".0", "") for label in labels}
