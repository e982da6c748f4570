"""The whole of the boards with DDR3: pins, clocks, primitives, and the place of a bring-up master."""

from fractions import Fraction
import functools
import json
import re

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import Out
import pytest

from flow.clock_tree import ClockTree
from flow.conversion import convert_top
from flow.synthesis import synthesise_rtlil
from flow.toolchain import Toolchain
from boards.device import DEVICES
from boards.board import BOARDS as ALL_BOARDS
from boards.board_top import serial_divisor
from boards.ddr3_clocks import Ddr3Clocks
from boards.ecpix5 import Ecpix5, Ecpix5Platform
from boards.orangecrab import OrangeCrab, OrangeCrabPlatform
from gateware.config import CONFIGS
from soc.dram.controller import ControlBus


class BringUp(wiring.Component):
    """Reads one register for ever."""

    def __init__(self):
        super().__init__({"control": Out(ControlBus(14))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.control.read.eq(self.control.started), self.control.address.eq(518)]
        m.d.sync += self.control.trained.eq(self.control.read_data[:2].all())
        return m


BOARDS = {
    # Top, platform, pins of the DRAM that differ, other pins, bridges of clocks, oscillator and its quarter in MHz.
    "ecpix5": (Ecpix5, Ecpix5Platform, {"a": 15}, 1 + 2 + 4, 0, (100, 25)),
    "orangecrab": (OrangeCrab, OrangeCrabPlatform, {"a": 16, "cs": 1, "rst": 1}, 1 + 2 + 3 + 8, 1, (48, 12)),
}


@functools.cache
def converted(name):
    """RTLIL, Verilog and constraints of a board with the smallest configuration and a bring-up master."""
    top, platform, *_ = BOARDS[name]
    return convert_top(top(CONFIGS["micro"], bring_up=BringUp()), platform())


@pytest.mark.parametrize("name", BOARDS)
def test_pins_and_primitives(name):
    _, _, counts, others, bridges, megahertz = BOARDS[name]
    text, verilog, constraints = converted(name)
    sites = dict(re.findall(r'LOCATE COMP "([^"]*)" SITE "([^"]*)"', constraints))
    counts = counts | {"ba": 3, "dq": 16, "dm": 2, "dqs": 2} | dict.fromkeys(
        ("clk", "odt", "clk_en", "ras", "cas", "we"), 1)
    for pin, count in counts.items():
        assert sum(re.match(rf"ddr3_0__{pin}__(io|p)(\[|$)", site) is not None for site in sites) == count, pin
    assert len(set(sites.values())) == len(sites) == sum(counts.values()) + others
    frequencies = re.findall(r"FREQUENCY (?:NET|PORT) \S+ (\d+)000000.0 HZ", constraints)
    assert sorted(map(int, frequencies)) == sorted(megahertz)
    cells = re.findall(r"(?m)^\s*cell \\?(\S+)", text)
    expected = {"EHXPLLL": 1, "ECLKSYNCB": 1, "CLKDIVF": 1, "ECLKBRIDGECS": bridges}
    assert {kind: cells.count(kind) for kind in expected} == expected
    # Every bidirectional pin has a buffer; no output is left to be guessed.
    assert len(re.findall(r"(?m)^BB BB", verilog)) == 18 and "'bz" not in verilog
    # The master reads the controller's registers, once the initialiser is done.
    assert re.search(r"connect \\csr_read \\control__started", text)
    assert re.search(r"connect \\csr_read_data \\control__read_data", text)


@pytest.mark.parametrize("name", BOARDS)
def test_clocks_that_a_top_names_keep_their_names(name):
    """Of the many names that a clock has in a large design yosys keeps one, but for an attribute."""
    text, *_ = converted(name)
    kept = {f"{module.replace('top.', '')}.{wire}".removeprefix("top.") for module, body in re.findall(
        r"(?ms)^module \\(\S+)$(.*?)^end$", text) for wire in re.findall(
        r"attribute \\keep 1\n(?:  attribute .*\n)*  wire (?:width 1 )?\\(\S+)", body)}
    assert {clock for pair in BOARDS[name][0].asynchronous for clock in pair} == {"clk", "clocks.divided"} <= kept


@pytest.mark.parametrize("name", BOARDS)
def test_the_pins_are_those_of_the_package(name, tmp_path):
    """nextpnr finds each: a design with an input at every pin of the board's constraints is packed and placed."""
    _, _, constraints = converted(name)
    sites = re.findall(r'LOCATE COMP "[^"]*" SITE "([^"]*)"', constraints)
    (tmp_path / "pins.v").write_text(
        f"module pins(input [{len(sites) - 2}:0] i, output o); assign o = ^i; endmodule")
    ports = ["o", *(f"i[{number}]" for number in range(len(sites) - 1))]
    (tmp_path / "pins.lpf").write_text("".join(
        f'LOCATE COMP "{port}" SITE "{site}";\n' for port, site in zip(ports, sites)))
    toolchain, board = Toolchain(), ALL_BOARDS[name]
    toolchain.run([*toolchain.yosys, "-q", "-p", "read_verilog pins.v; synth_ecp5 -top pins -json pins.json"],
                  cwd=tmp_path)
    options = DEVICES[board.device].options(board.platform.package)
    toolchain.run([*toolchain.nextpnr_ecp5, "-q", "--json", "pins.json", "--lpf", "pins.lpf", *options, "--speed",
                   str(board.speed)], cwd=tmp_path)


def test_masks_of_the_orangecrab_are_crossed():
    """As the lines on the board are: the pin in the group of byte 0 carries the mask of byte 1."""
    assert OrangeCrab(CONFIGS["micro"])._memory.mask_lanes == (1, 0)
    assert Ecpix5(CONFIGS["micro"])._memory.mask_lanes == ()


def test_clocks():
    assert Ddr3Clocks(input_hz=48e6, clock_hz=72e6).pll.vco_hz % 144e6 == 0
    with pytest.raises(ValueError, match=r"^Output of a PLL must be one that dividers make from 48 MHz, not 150 MHz$"):
        Ddr3Clocks(input_hz=48e6, clock_hz=75e6)


def test_divisors_of_the_serial_line():
    assert [serial_divisor(hertz) for hertz in (72e6, 75e6, 100e6)] == [24, 25, 33]
    with pytest.raises(ValueError, match=r"^Clock must be a multiple of 3 MHz, within 1.5%, not 10 MHz$"):
        serial_divisor(10e6)


class AllClocks(Elaboratable):
    """A register in each domain of the clocks, one after the other."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.clocks = clocks = Ddr3Clocks(input_hz=48e6, clock_hz=72e6, bridge=True)
        clocks.define(m)
        m.submodules.input = clock = io.Buffer("i", platform.request("clk", dir="-"))
        m.submodules.light = light = io.Buffer("o", platform.request("rgb_led", 0, dir="-").r)
        registers = [Signal(name=domain) for domain in ("init", "sync", "sys2x")]
        m.d.comb += [clocks.clk_in.eq(clock.i), light.o.eq(registers[-1])]
        for register, source in zip(registers, [~registers[0], *registers]):
            m.d[register.name] += register.eq(source)
        return m


def test_the_clocks_of_a_netlist():
    """What yosys leaves of them: frequencies of the constraints reach their nets, and all comes from one PLL."""
    text, _, constraints = convert_top(AllClocks(), OrangeCrabPlatform())
    synthesis = synthesise_rtlil(text, device=DEVICES["lfe5u-85f"], toolchain=Toolchain())
    tree = ClockTree(json.loads(synthesis.netlist.read_text())["modules"]["top"], constraints)
    clocks = {name: tree.clock(name) for name in ("clk", "sys2x_clk", "clocks.divided")}
    assert [1000 / clock.period for clock in clocks.values()] == [72, 144, 12]
    assert clocks["clk"].source == clocks["sys2x_clk"].source != clocks["clocks.divided"].source
    assert Fraction(0) == clocks["clk"].phase == clocks["sys2x_clk"].phase
