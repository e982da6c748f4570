"""Boards against what describes them elsewhere."""

import importlib

import pytest

from boards.board import BOARDS
from boards.device import DEVICES
from gateware.config import CONFIGS
from soc.dram.memories import MEMORIES


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_everything_of_a_board_is_there(board):
    device = DEVICES[board.device]
    assert board.name in CONFIGS and board.name in MEMORIES
    assert board.speed in device.speeds if device.speeds else board.speed is None
    if board.platform:
        module, _, name = board.platform.partition(".")
        platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), name)
        assert platform.device.lower().replace("ti", "t").startswith(device.name)
        if board.speed:
            assert platform.speed == str(board.speed)
