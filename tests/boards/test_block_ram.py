# amaranth: UnusedElaboratable=no
"""Block RAM as synthesised for ECP5, in the project's model of DP16KD, against its source, cycle by cycle."""

import json
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
import numpy as np
import pytest

from flow.synthesis import synthesise
from boards.device import DEVICES
from boards.ecp5 import Ecp5
from gateware.block_ram import BlockRam
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from testing.netlist import Netlist
from flow.toolchain import Toolchain

MODELS = ("+/ecp5/common_sim.vh", "+/ecp5/ccu2c_sim.vh", Path(__file__).parent / "dp16kd.v")
# Width and depth: a DP16KD in each of its shapes, and two memories of several.
SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384), (40, 1024), (13, 2048))
ADDRESS_BITS, WIDEST = 14, 40


class Rams(wiring.Component):
    """Memories of all shapes on the same ports, of which each takes the low bits."""

    def __init__(self):
        super().__init__({
            "write_enable": In(1), "write_address": In(ADDRESS_BITS), "write_data": In(WIDEST),
            "read_address": In(ADDRESS_BITS), **{f"data_{width}": Out(width) for width, _ in SHAPES}})

    def elaborate(self, platform):
        m = Module()
        for width, depth in SHAPES:
            m.submodules[f"ram_{width}"] = ram = BlockRam(width=width, depth=depth, init=initial(width, depth))
            m.d.comb += [
                ram.write_enable.eq(self.write_enable),
                ram.write_address.eq(self.write_address),
                ram.write_data.eq(self.write_data),
                ram.read_address.eq(self.read_address),
                getattr(self, f"data_{width}").eq(ram.read_data),
            ]
        return m


def initial(width, depth):
    words = np.random.default_rng(width).integers(0, 1 << width, depth)
    return [int(word) for word in words]


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    """Path of the compiled netlist."""
    synthesis = synthesise(Rams(), device=DEVICES["lfe5u-12f"], platform=Ecp5(), toolchain=Toolchain())
    cells = json.loads(synthesis.netlist.read_text())["modules"]["top"]["cells"].values()
    widths = {int(cell["parameters"]["DATA_WIDTH_B"], 2) for cell in cells if cell["type"] == "DP16KD"}
    assert widths == {1, 2, 4, 9, 18, 36}
    # No flip-flop is left of the second cycle of a read.
    assert all(cell["type"] != "TRELLIS_FF" for cell in cells)
    netlist, model = Netlist(Rams(), synthesis.netlist), tmp_path_factory.mktemp("rams") / "rams.json"
    netlist.write_model(model)
    return compile_design(netlist, name="rams-netlist", models=[model, *MODELS])


def test_every_word_of_every_cycle(netlist):
    both = CompiledSimulation(compile_design(Rams(), name="rams")), CompiledSimulation(netlist)
    rng = np.random.default_rng(1)
    for cycle in range(4000):
        # Few words, so that most of those that are read were written, then all. Never the same one, whatever the depth.
        few = cycle % 1000 < 500
        read = int(rng.integers(8 if few else 1 << ADDRESS_BITS))
        inputs = {"read_address": read, "write_address": read ^ int(rng.integers(1, 8 if few else 512)),
                  "write_enable": int(rng.integers(2)), "write_data": int(rng.integers(1 << WIDEST))}
        for simulation in both:
            for name, value in inputs.items():
                simulation.set(name, value)
            simulation.run(1)
        for width, depth in SHAPES:
            expected, got = (simulation.get(f"data_{width}") for simulation in both)
            assert got == expected, f"cycle {cycle}, {width} x {depth}"


def test_a_word_that_is_read_while_it_is_written_comes_out_inverted(netlist):
    simulation = CompiledSimulation(netlist)
    for name, value in {"read_address": 5, "write_address": 5, "write_enable": 1, "write_data": 0}.items():
        simulation.set(name, value)
    simulation.run(1)
    simulation.set("write_enable", 0)
    simulation.run(1)
    for width, depth in SHAPES:
        assert simulation.get(f"data_{width}") == initial(width, depth)[5] ^ (1 << width) - 1
    simulation.run(1)
    assert not any(simulation.get(f"data_{width}") for width, _ in SHAPES)
