"""The slots for SD cards: pins with their attributes."""

import re

import pytest

from boards.board import BOARDS
from gateware.config import CONFIGS

SITES = {
    "ulx3s": {"clk": ["J1"], "cmd": ["J3"], "dat": ["K2", "K1", "H2", "H1"]},
    "ecpix5": {"clk": ["P24"], "cmd": ["M24"], "dat": ["N26", "N25", "N23", "N21"],
               "to_card0": ["M23"], "to_card1": ["N24"], "to_card2": ["P26"]},
    "orangecrab": {"clk": ["K1"], "cmd": ["K2"], "dat": ["J1", "K3", "L3", "M1"]},
    "arty_a7": {"clk": ["F3"], "cmd": ["D3"], "dat": ["F4", "E2", "D2", "D4"]},
}
PINS = {"lpf": r'LOCATE COMP "card_0__{}__io[^"]*" SITE "(\w+)"',
        "xdc": r'set_property LOC (\w+) \[get_ports "card_0__{}__io[^"]*"\]'}
PULLS = {"lpf": r'IOBUF PORT "card_0__(?:cmd|dat)__io[^\n]*PULLMODE=UP',
         "xdc": r'set_property PULLUP "?TRUE"? \[get_ports "card_0__(?:cmd|dat)__io[^"]*"\]'}


@pytest.mark.parametrize("name", SITES)
def test_pins(name):
    board = BOARDS[name]
    plan = board.platform().prepare(board.top(CONFIGS["micro"], program=b""), "top", emit_src=False)
    ending, text = next((ending, text if isinstance(text, str) else text.decode())
                        for ending in PINS for file, text in plan.files.items() if file == f"top.{ending}")
    for line, sites in SITES[name].items():
        assert re.findall(PINS[ending].format(line), text) == sites, line
    assert len(re.findall(PULLS[ending], text)) == 5


def test_boards_with_a_slot():
    assert [name for name, board in BOARDS.items() if board.slot] == list(SITES)
