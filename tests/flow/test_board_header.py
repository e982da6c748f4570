"""What the firmware is told of a board."""

import re

import pytest

from boards.memories import MEMORIES
from flow.board_header import board_header, trains
from soc.dram.core import generate_controller

# Registers as LiteX numbers them, and what LiteDRAM's own header for its C says of the PHYs.
ECPIX5 = {
    "control": 0, "injectors": 1, "injector_words": 8, "command": 0, "issue": 1, "address": 2, "bank": 3,
    "write_data": 4, "read_data": 6, "select": 512, "delay_reset": 513, "delay_step": 514, "slip_reset": 515,
    "slip_step": 516,
    "burst_clear": 517, "burst_seen": 518, "refresh_cycles": 26, "lanes": 2, "phases": 2, "data_words": 2,
    "read_phase": 0, "write_phase": 1, "bitslips": 4, "delays": 8, "least": 2, "bank_bits": 3, "row_bits": 15}
ARTY_A7 = {
    "control": 0, "injectors": 1, "injector_words": 6, "command": 0, "issue": 1, "address": 2, "bank": 3,
    "write_data": 4, "read_data": 5, "select": 513, "delay_reset": 517, "delay_step": 518, "slip_reset": 519,
    "slip_step": 520,
    "burst_clear": 0, "burst_seen": 0, "refresh_cycles": 16, "lanes": 2, "phases": 4, "data_words": 1,
    "read_phase": 2, "write_phase": 3, "bitslips": 8, "delays": 32, "least": 6, "bank_bits": 3, "row_bits": 14}


@pytest.mark.parametrize("name,expected", [("ecpix5", ECPIX5), ("arty_a7", ARTY_A7)])
def test_header(name, expected):
    text = board_header(memory=MEMORIES[name], core=generate_controller(MEMORIES[name], end="pins"))
    fields = dict(re.findall(r"^  \.(\w+) = (\w+),$", text, flags=re.M))
    assert fields.pop("base") == "0xa0000000u"
    assert {field: int(value) for field, value in fields.items()} == expected


def test_boards_that_are_trained():
    assert [name for name in ("ulx3s", "ecpix5", "orangecrab", "arty_a7", "pynq_z1") if trains(MEMORIES[name])] == [
        "ecpix5", "orangecrab", "arty_a7"]


@pytest.mark.parametrize("name,message", [
    ("ulx3s", "^PHY of a memory that is trained must be ECP5DDRPHY or A7DDRPHY, not 'GENSDRPHY'$"),
    ("ecpix5", "^Core 'dram_ecpix5' must have its PHY$")])
def test_others_have_none(name, message):
    with pytest.raises(ValueError, match=message):
        board_header(memory=MEMORIES[name], core=generate_controller(MEMORIES[name], end="dfi"))
