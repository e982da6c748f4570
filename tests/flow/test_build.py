"""Place and route of units: names of paths, what is a failure, netlists that repeat."""

import json
import os
import subprocess
import sys

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from flow.critical_path import Step, critical_path
from flow.plan import Plan, Result
from flow.place_and_route import Route
from flow.synthesis import resources, synthesise
from boards.device import DEVICES
from boards.ecp5 import Ecp5
from gateware.block_ram import BlockRam
from gateware.config import CONFIGS
from gateware.numeric.multiplier import Multiplier
from flow.toolchain import Toolchain


def part(kind, delay, net, cell):
    return {"type": kind, "delay": delay, "net": net, "from": {"cell": "x"}, "to": {"cell": cell}}


def test_a_path_has_the_names_of_the_source():
    """Names as yosys's `autoname` and nextpnr make them."""
    parts = [
        part("clk-to-q", 0.5, "", "unit.sum.row_TRELLIS_FF_Q"),
        part("routing", 0.8, "unit.sum.row[0]", "unit.sum.row_TRELLIS_FF_Q_3_DI_LUT4_Z_C_CCU2C_A1"),
        part("logic", 0.25, "", "unit.sum.row_TRELLIS_FF_Q_3_DI_LUT4_Z"),
        part("routing", 1.5, "unit.sum.partial_2.1.2_DO_3[1]", "unit.sum.partial_2.1.2_DO_3_CCU2C$COMB0"),
        part("routing", 1.0, "$abc$123", "$abc$124"),
        part("logic", 0.25, "unit.sum.$12", ""),
        part("logic", 0.5, "unit.vector$245.fetch.left[1]", "unit.vector$245.fetch.left_LUT4_B_Z_CCU2C_S0$CCU2_COMB1"),
        part("setup", 0.0, "", "unit.sum.add_0.b_minus_a_TRELLIS_FF_Q"),
    ]
    report = {"critical_paths": [
        {"from": "<async>", "to": "posedge clk", "path": []},
        {"from": "posedge clk", "to": "posedge clk", "path": parts},
    ]}
    assert critical_path(report, "clk") == [
        Step(name="sum.row", logic=0.75, routing=0.8),
        Step(name="sum.partial_2", logic=0, routing=2.5),
        Step(name="sum", logic=0.25, routing=0),
        Step(name="vector.fetch.left", logic=0.5, routing=0),
        Step(name="sum.add_0.b_minus_a", logic=0.0, routing=0),
    ]


def test_a_seed_that_misses_the_clock_and_a_full_device_are_failures():
    plan = Plan(unit="dma", config=CONFIGS["micro"], device=DEVICES["lfe5u-12f"], speed=6, mhz=100.0, placer="heap",
                seeds=2)
    routes = [Route(seed=seed, mhz=mhz, used={}, path=[Step(name="a.b", logic=1.0, routing=2.0)])
              for seed, mhz in ((1, 100.0), (2, 99.94))]
    result = Result(plan=plan, cells={}, used={"luts": 12_096, "dsps": 29}, routes=routes, tools="")
    assert result.failures == ["dsps: 29 of 28", "seed 2: 99.9 MHz, not 100"]
    assert "MHz   min 99.9, median 100.0, max 100.0 of 2 seeds; wanted 100" in result.to_text()
    assert result.to_text().endswith("FAILED seed 2: 99.9 MHz, not 100")
    assert json.loads(result.to_json())["critical_path"] == [{"name": "a.b", "logic": 1.0, "routing": 2.0}]


def test_resources_of_both_families():
    assert resources({"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "PFUMX": 4}, "ecp5") == {
        "luts": 28, "ffs": 7, "dsps": 0, "brams": 0}
    assert resources({"LUT2": 1, "LUT6": 2, "RAM32M": 1, "FDRE": 5, "RAMB18E1": 3, "DSP48E1": 1}, "xc7") == {
        "luts": 7, "ffs": 5, "dsps": 1, "brams": 1.5}


class RamAndMultiplier(wiring.Component):
    """A block RAM of which a word is multiplied with a factor."""

    def __init__(self):
        super().__init__({"address": In(9), "write": In(1), "data": In(36), "o": Out(36)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.ram = ram = BlockRam(width=36, depth=512)
        m.submodules.multiplier = multiplier = Multiplier(a_width=18, b_width=18, signed=True)
        m.d.comb += [
            ram.write_enable.eq(self.write),
            ram.write_address.eq(self.address ^ 1),
            ram.write_data.eq(self.data),
            ram.read_address.eq(self.address),
            multiplier.a.eq(ram.read_data[:18]),
            multiplier.b.eq(ram.read_data[18:]),
            self.o.eq(multiplier.o),
        ]
        return m


def test_block_ram_and_multiplier_cost_nothing_around_them():
    """One block RAM without multiplexers of collisions, one multiplier, their output registers within them."""
    synthesis = synthesise(
        RamAndMultiplier(), device=DEVICES["lfe5u-12f"], platform=Ecp5(), toolchain=Toolchain())
    assert synthesis.cells == {"DP16KD": 1, "LUT4": 1, "MULT18X18D": 1}


def test_the_same_unit_gives_the_same_netlist():
    """Whatever the order of Python's sets: the cache, and everything after it, rests on that."""
    program = ("from amaranth.back import rtlil\nfrom flow.units import UNITS\n"
               "from flow.wrapped_unit import WrappedUnit\nfrom boards.ecp5 import Ecp5\n"
               "from gateware.config import CONFIGS\nimport hashlib\n"
               "unit = WrappedUnit(UNITS['accelerator'](CONFIGS['micro']))\n"
               "text = rtlil.convert(unit, name='top', platform=Ecp5(), emit_src=False)\n"
               "print(hashlib.sha256(text.encode()).hexdigest())")
    digests = {subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed},
                              capture_output=True, text=True, check=True).stdout for seed in ("1", "2")}
    assert len(digests) == 1


class Sums(wiring.Component):
    """Elements of an array as ports."""

    a: In(data.ArrayLayout(3, 2))
    o: Out(data.ArrayLayout(3, 2))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [self.o[0].eq(self.a[0] + self.a[1]), self.o[1].eq(self.a[0] & self.o[1])]
        return m


def test_names_of_elements_can_be_left_out():
    """With them yosys 0.70 stops at this design, whose ports have the names that its elements seem to be bits of."""
    synthesis = synthesise(Sums(), device=DEVICES["lfe5u-12f"], platform=Ecp5(), toolchain=Toolchain(),
                           element_names=False)
    names = json.loads(synthesis.netlist.read_text())["modules"]["top"]["netnames"]
    assert {"a", "o"} <= set(names) and not any("[" in name for name in names)
    assert synthesis.cells["TRELLIS_FF"] == 6
