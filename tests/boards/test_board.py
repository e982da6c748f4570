# amaranth: UnusedElaboratable=no
"""Boards: what belongs together, and that the tops are built as the boards say."""

from dataclasses import replace
import subprocess
import sys

from amaranth_boards.arty_a7 import ArtyA7_100Platform
from amaranth_boards.ecpix5 import ECPIX585Platform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform
import pytest

from boards.board import BOARDS
from boards.configs import ALL_CONFIGS
from boards.device import DEVICES
from boards.memories import MEMORIES
from gateware.config import CONFIGS

MEGAHERTZ = {"ulx3s": 75, "ecpix5": 100, "orangecrab": 72, "arty_a7": 100, "pynq_z1": 150}
PACKAGES = {"ulx3s": ("--85k", "--package", "CABGA381"), "ecpix5": ("--um5g-85k", "--package", "CABGA554"),
            "orangecrab": ("--85k", "--package", "CSFBGA285")}
PLATFORMS = {"ulx3s": ULX3S_85F_Platform, "ecpix5": ECPIX585Platform, "orangecrab": OrangeCrabR0_2_85FPlatform,
             "arty_a7": ArtyA7_100Platform}


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_everything_of_a_board_is_there(board):
    device = DEVICES[board.device]
    assert ALL_CONFIGS[board.name] is board.config and MEMORIES[board.name] is board.memory
    assert board.clock_hz == board.memory.clock_hz == MEGAHERTZ[board.name] * 1e6
    assert board.family == device.family
    platform = board.platform
    assert issubclass(platform, PLATFORMS.get(board.name, object))
    assert platform.device.lower().replace("ti", "t").startswith(device.name)
    if board.speed:
        assert platform.speed == str(board.speed)
        assert device.options(platform.package) == PACKAGES[board.name]


@pytest.mark.parametrize("board", [board for board in BOARDS.values() if board.takes_processor],
                         ids=lambda board: board.name)
def test_a_top_has_the_memory_of_its_board(board):
    assert board.top(board.config)._memory is board.memory


def test_names():
    assert set(ALL_CONFIGS) == {*CONFIGS, *BOARDS} and len(ALL_CONFIGS) == len(CONFIGS) + 5
    assert [name for name, memory in MEMORIES.items() if memory.is_study] == [
        "ulx3s-100", "ecpix5-75", "orangecrab-48"]
    assert all(MEMORIES[name].clock_hz == int(name.partition("-")[2]) * 1e6
               for name, memory in MEMORIES.items() if memory.is_study)
    assert MEMORIES["ecpix5-75"].dram_clock_hz == 150e6
    assert "de10" not in BOARDS and BOARDS.get("de10") is None and "de10" not in ALL_CONFIGS
    with pytest.raises(KeyError):
        BOARDS["de10"]


@pytest.mark.parametrize("changes, message", [
    ({"name": "other"}, "Name of a board's configuration must be 'other', not 'ulx3s'"),
    ({"memory": MEMORIES["ecpix5"]}, "Name of a board's memory must be 'ulx3s', not 'ecpix5'"),
    ({"studies": (MEMORIES["ulx3s"],)}, "Name of a study must be 'ulx3s' and a clock, not 'ulx3s'"),
    ({"device": "lfe3"}, f"Device of a board must be one of {', '.join(DEVICES)}, not 'lfe3'"),
    ({"speed": 9}, "Speed grade of 'ulx3s' must be one of 6, 7, 8, not 9"),
    ({"router": "router3"}, "Router of 'ulx3s' must be one of router1, router2, not 'router3'"),
    ({"device": "xc7a35t"}, "Speed grade of 'ulx3s' must be one of None, not 6"),
])
def test_what_does_not_belong_together_is_refused(changes, message):
    with pytest.raises(ValueError) as error:
        replace(BOARDS["ulx3s"], **changes)
    assert str(error.value) == message


def test_names_of_boards_need_no_pins():
    """The pins, and with them amaranth-boards, are imported when a board is asked for."""
    code = ("import sys; from boards.configs import ALL_CONFIGS; names = [*ALL_CONFIGS], ALL_CONFIGS['sim']; "
            "import host.command, host.engine.board_engine; print('amaranth_boards' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
