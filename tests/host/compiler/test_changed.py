"""Copies of instructions."""

from dataclasses import FrozenInstanceError, replace

import pytest

from gateware.isa import Instruction, Opcode
from host.compiler.changed import changed


def test_a_copy_is_what_replace_makes():
    first = Instruction(opcode=Opcode.DOT, rows=3, label="first")
    copy = changed(first, rows=5, overlap=1)
    assert copy == replace(first, rows=5, overlap=1) == Instruction(opcode=Opcode.DOT, rows=5, overlap=1, label="first")
    assert hash(copy) == hash(replace(first, rows=5, overlap=1)) and first.rows == 3
    with pytest.raises(FrozenInstanceError):
        copy.rows = 7


def test_a_field_that_is_none_is_refused():
    with pytest.raises(TypeError, match="^An instruction has no field 'row'$"):
        changed(Instruction(), row=5)
