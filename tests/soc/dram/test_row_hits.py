"""The register of row hits has the value of the comparison that it takes the place of, in every cycle."""

import re

from litedram.core.controller import ControllerSettings, LiteDRAMController
from litedram.phy import GENSDRPHY
from migen import Module, Signal
from migen.fhdl import verilog
import pytest

from boards.memories import MEMORIES
from flow.toolchain import Toolchain, ToolError
from soc.dram import core
from soc.dram.row_hits import register_row_hits

_HELD = "row_hit_register <= ((~row_hit_moves) |"
_MOVED = "if (row_hit_moves) begin row_hit_register <="
_RESET = "reg row_hit_register = 1'd1;"


def _controller():
    memory = MEMORIES["ulx3s"]
    phy = GENSDRPHY(core._pads(memory), memory.clock_hz)
    return LiteDRAMController(
        phy.settings, core._geometry(memory.part), core._timing(memory, phy.settings), memory.clock_hz,
        ControllerSettings(cmd_buffer_depth=4, with_auto_precharge=True))


def _machines(controller):
    return [module for _, module in controller._submodules if hasattr(module, "refresh_gnt")]


def _equality(machine):
    found, = (statement for statement in machine._fragment.comb if getattr(statement, "r", None) is not None
              and getattr(statement.r, "op", None) == "==")
    return found


@pytest.fixture(scope="module")
def machine():
    """Verilog of a bank machine, with an output that tells where register and comparison differ."""
    controller = _controller()
    machine = _machines(controller)[0]
    comparison = _equality(machine)
    register_row_hits(controller)
    wrong = Signal(name="wrong")
    machine.comb += wrong.eq(comparison.l != comparison.r)
    top = Module()
    top.submodules += machine
    request = machine.req
    return verilog.convert(top, {wrong, machine.refresh_req, machine.cmd.ready, request.valid, request.we,
                                 request.addr}, name="machine").main_source.split("*/", 1)[1]


def _prove(text, directory):
    """Induction over one cycle from any state, and the state after a reset; a reset may come at any time."""
    (directory / "machine.v").write_text(text)
    Toolchain(native=False).run([
        *Toolchain(native=False).yosys, "-q", "-p", "read_verilog machine.v; prep -flatten; memory_map; opt_clean; "
        "sat -verify -tempinduct -maxsteps 1 -prove wrong 0"], cwd=directory)


def test_register_and_comparison_are_equal(machine, tmp_path):
    _prove(machine, tmp_path)


@pytest.mark.parametrize("right,wrong", [
    (_HELD, _HELD.replace("~", "")),  # A row is opened, and the request stays.
    (_MOVED, f"{_MOVED} ~"),  # The next request comes.
    (_RESET, _RESET.replace("1;", "0;")),
])
def test_a_register_that_differs_is_noticed(machine, tmp_path, right, wrong):
    text, count = re.subn(r"\s+".join(map(re.escape, right.split())), wrong, machine)
    assert count == 1
    with pytest.raises(ToolError, match=r"ERROR: Called with -verify and proof did fail!"):
        _prove(text, tmp_path)


def test_every_machine_has_it():
    controller = _controller()
    register_row_hits(controller)
    assert len(_machines(controller)) == MEMORIES["ulx3s"].part.banks
    with pytest.raises(ValueError):
        for machine in _machines(controller):
            _equality(machine)


def test_a_controller_of_another_kind_is_refused():
    with pytest.raises(RuntimeError, match=r"^LiteDRAM's controller has no bank machines$"):
        register_row_hits(Module())
    controller = _controller()
    register_row_hits(controller)
    message = (r"^LiteDRAM's bank machine must have one comparison for equality and one register of its row, "
               r"not 0 and 2$")
    with pytest.raises(RuntimeError, match=message):
        register_row_hits(controller)
