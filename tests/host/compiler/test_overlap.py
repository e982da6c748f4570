"""What may execute side by side: by hand, and in the programs of a model."""

from dataclasses import replace

import pytest

from gateware.config import CONFIGS
from gateware.isa import Index, Instruction, Opcode, Reduce, Sink, Source
from host.compiler.compiled import compile_model
from host.compiler.overlap import conflict, overlapped
from host.gguf.model import load
from host.paths import demo_model

DOT = Instruction(opcode=Opcode.DOT, rows=32, columns=2, sink=Sink.SCRATCHPAD, destination=64, destination_stride=100)
PASS = Instruction(opcode=Opcode.VECTOR, length=16, a_source=Source.SCRATCHPAD, a=512, b_source=Source.IMMEDIATE,
                   c_source=Source.IMMEDIATE, sink=Sink.SCRATCHPAD, destination=528)


def overlap(*program):
    return [instruction.overlap for instruction in overlapped(list(program), 1000, 8)]


def test_independent_instructions_run_side_by_side():
    assert overlap(DOT, PASS) == [0, 1]
    assert overlap(DOT, DOT, DOT, PASS) == [0, 0, 0, 2]
    assert overlap(PASS, DOT) == [0, 1]


@pytest.mark.parametrize("changes", [
    {"a": 64}, {"a": 80}, {"a": 164}, {"a": 180}, {"destination": 50}, {"destination": 195},
    {"a": 0, "length_grow": 1}, {"b_source": Source.SCRATCHPAD, "b": 70},
    {"b_source": Source.SCRATCHPAD, "b": 40, "b_wrap": 30}, {"c_source": Source.SCRATCHPAD, "c": 90},
    {"sink": Sink.COLUMN, "destination": 1}])
def test_a_pass_waits_for_what_it_needs(changes):
    assert overlap(DOT, replace(PASS, **changes)) == [0, 0]
    assert overlap(replace(PASS, **changes), DOT) == [0, 0]


@pytest.mark.parametrize("changes", [
    {"a": 96}, {"a": 112}, {"a": 208}, {"a": 16, "b_source": Source.SCRATCHPAD, "b": 32, "b_wrap": 16},
    {"sink": Sink.COLUMN, "destination": 2}, {"a_source": Source.SCALAR, "a": 64},
    {"sink": Sink.NONE, "destination": 64}])
def test_a_pass_does_not_wait_for_more(changes):
    assert overlap(DOT, replace(PASS, **changes)) == [0, 1]


def test_only_the_latest_count():
    needs_the_first = replace(PASS, a=64)
    other = replace(DOT, destination=1024)
    assert overlap(DOT, other, needs_the_first) == [0, 0, 1]
    assert overlap(DOT, other, other, needs_the_first) == [0, 0, 0, 2]


def test_one_writer_to_memory_at_a_time():
    """Wherever they write; what goes nowhere else is no write."""
    logits = replace(DOT, sink=Sink.MEMORY, store_base=0x10000, store_stride=4, reduce=Reduce.ARGMAX)
    argmax = replace(DOT, sink=Sink.NONE, reduce=Reduce.ARGMAX)
    for store in (replace(PASS, sink=Sink.STORE, code_bits=16), replace(PASS, sink=Sink.MEMORY, store_stride=4)):
        assert overlap(logits, store, logits) == [0, 0, 0]
        assert overlap(argmax, store, argmax) == [0, 1, 1]


# 4-byte elements from byte 0x1000 on, 16 of them, by position 64 bytes further: bytes 0x1000 to 0x10a00 in 1,000
# positions.
SPILL = replace(PASS, sink=Sink.MEMORY, store_base=0x1000, store_stride=4, store_index_stride=64, label="spill")


def reading(word, **fields):
    return replace(DOT, stream_base=word, stream_lines=1, stream_line_beats=8, label="read", **fields)


@pytest.mark.parametrize("word,meets", [(0x1f0, False), (0x1f8, False), (0x1f9, True), (0x200, True), (0x213f, True),
                                        (0x2140, False)])
def test_what_is_read_and_stored_at_once_is_apart(word, meets):
    """A bus word is 8 bytes. A read of what an instruction before stored, too, must wait."""
    assert overlap(reading(word), SPILL) == [0, int(not meets)]
    assert overlap(SPILL, reading(word, wait=1)) == [0, int(not meets)]
    if meets:
        with pytest.raises(ValueError, match="^Stream of instruction 'read' must wait: an instruction before it stores "
                                             "what it reads$"):
            overlap(SPILL, PASS, reading(word))
    else:
        overlap(SPILL, PASS, reading(word))


def test_what_a_dot_stores():
    """Two columns of 32 rows, 8 bytes apart, the second column 100 elements after the first: bytes 0x1000 to 0x128c."""
    spill = replace(DOT, sink=Sink.MEMORY, store_base=0x1000, store_stride=8)
    for word, meets in ((0x1ff, True), (0x251, True), (0x252, False), (0x1f0, False)):
        stream = replace(PASS, b_source=Source.STREAM, stream_base=word, stream_lines=1, stream_line_beats=8, wait=1)
        assert overlap(spill, stream) == [0, int(not meets)]


def test_a_table_may_end_anywhere():
    """The token chooses a row: what is stored behind the first one may be another."""
    table = reading(0x100, stream_index=Index.TOKEN, stream_index_stride=8)
    assert overlap(SPILL, replace(table, wait=1)) == [0, 0]
    assert overlap(SPILL, replace(table, stream_base=0x2200)) == [0, 1]


def test_scalars_conflict_among_passes():
    total = replace(PASS, reduce=Reduce.SUM, reduce_destination=5, sink=Sink.NONE)
    assert conflict(total, replace(PASS, c_source=Source.SCALAR, c=5), 1000, 8)
    assert not conflict(total, replace(PASS, c_source=Source.SCALAR, c=6), 1000, 8)


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
                    beside = dots[len(dots) - instruction.overlap:]
                    assert not any(conflict(dot, instruction, 64, 8) for dot in beside), instruction.label
                    labels |= {instruction.label.split(".", 2)[-1]} if beside else set()
                    vector = instruction
                case Opcode.DOT:
                    assert not (instruction.overlap and conflict(vector, instruction, 64, 8)), instruction.label
                    dots.append(instruction)
    assert {"rope_k.cosine", "silu.exp"} <= {label.replace(".0", "") for label in labels}
