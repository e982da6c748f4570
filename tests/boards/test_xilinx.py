"""Boards with a 7-series device: what the whole of them takes, synthesised."""

import pytest

from boards.board import BOARDS
from flow.plan import Plan, run_plan
from boards.device import DEVICES
from gateware.config import CONFIGS
from flow.toolchain import Toolchain

# The least of what a configuration can have; whole boards are under `make silicon`.
SMALL = CONFIGS["micro"].changed(name="small", dot={"slots": 1, "decoders": ()})


class Silent:
    """A progress bar that shows nothing."""

    def note(self, text):
        pass

    def advance(self):
        pass


@pytest.mark.parametrize("board, primitives", [
    ("arty_a7", {"PLLE2_ADV": 1, "IDELAYCTRL": 1, "BUFG": 4, "OBUFDS": 1, "IOBUFDS": 2, "IOBUF": 16, "ISERDESE2": 16,
                 "IDELAYE2": 16, "OSERDESE2": 45, "IBUF": 2}),
    ("pynq_z1", {"PS7": 1, "BUFG": 1, "IBUF": 0, "IOBUF": 0}),
])
def test_a_small_board_fits_the_device(board, primitives):
    device = DEVICES[BOARDS[board].device]
    plan = Plan(unit=board, config=SMALL, device=device, speed=None, mhz=100.0, placer="heap", seeds=0)
    result = run_plan(plan, Toolchain(), Silent())
    assert result.failures == []
    # Of each kind some, and what the gateware makes of the vendor's blocks: no multiplier without its DSP48E1.
    cells, used = result.cells, result.used
    assert 2000 < used["luts"] <= device.luts and 2000 < used["ffs"] <= device.ffs
    assert SMALL.dot.lanes <= used["dsps"] <= device.dsps and 0 < used["brams"] <= device.brams
    assert cells["DSP48E1"] == used["dsps"] and not any(kind.startswith("$") for kind in cells)
    assert {kind: cells.get(kind, 0) for kind in primitives} == primitives
