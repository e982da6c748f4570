"""The instruction word."""

import numpy as np
import pytest

from gateware.isa import FIELDS, INSTRUCTION_BITS, Instruction, Opcode, Sink, decode, encode
from gateware.layouts import InstructionLayout


def random_instruction(rng):
    values = {}
    for field in FIELDS:
        kinds = [int(kind) for kind in field.kind] if field.kind else None
        values[field.name] = int(rng.choice(kinds)) if kinds else int(rng.integers(0, 1 << field.bits))
    return Instruction(**values)


@pytest.mark.parametrize("seed", range(20))
def test_decode_is_the_inverse_of_encode(seed):
    instruction = random_instruction(np.random.default_rng(seed))
    data = encode(instruction)
    assert len(data) == INSTRUCTION_BITS // 8
    assert decode(data) == instruction


def test_the_layout_reads_what_encode_writes():
    instruction = random_instruction(np.random.default_rng(1))
    word = InstructionLayout.from_bits(int.from_bytes(encode(instruction), "little"))
    for field in FIELDS:
        assert word[field.name] == getattr(instruction, field.name), field.name


def test_values_of_one_field_are_distinct():
    assert len({int(sink) for sink in Sink}) == len(Sink.__members__)


def test_a_value_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"^Instruction 'x': field 'rows' must be 0\.\.1048575, not 1048576$"):
        encode(Instruction(opcode=Opcode.DOT, rows=1 << 20, label="x"))
