# amaranth: UnusedElaboratable=no
"""The dot engine as synthesised for ECP5, in models of its cells, against the golden dot product, bit for bit."""

import json
from pathlib import Path

import numpy as np
import pytest

from flow.synthesis import synthesise
from boards.device import DEVICES
from boards.ecp5 import Ecp5
from gateware.dot.engine import DotEngine
from gateware.layouts import DotCommand, DotResult, QuantisedStripe
from gateware.ports import port_signals
from gateware.shapes.dot_shape import DotShape
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from testing.netlist import Netlist
from testing.streams import pack, unpack
from flow.toolchain import Toolchain

BOARDS = Path(__file__).parents[2] / "boards"
# Yosys brings LUTs, carries, flip-flops and LUT RAMs; block RAM and multiplier are ours.
MODELS = ("+/ecp5/common_sim.vh", "+/ecp5/ccu2c_sim.vh", BOARDS / "dp16kd.v", BOARDS / "mult18x18d.v")
# The scales of a row lie in LUT RAM, the vector in block RAM.
BUS_BITS, VECTOR_LANES = 32, 2
DOT = DotShape(lanes=4, columns=1, slots=1, x_elements=1024, scale_bytes=64, decoders=("sub_scales", "minimums"))
VECTORS = 8
# Thousands of LUTs in one function: optimising it takes the compiler many minutes, running it as it is seconds.
FLAGS = ("-O0", "-g0", "-fno-sanitize=undefined")


class NetlistBench:
    """A netlist in the compiled simulator."""

    def __init__(self, path):
        self._simulation = CompiledSimulation(path)

    def run(self, x, matrices, *, rng, stall=0.0, fault=0, deadline=4000):
        """Results of some matrices, as `DotResult`, from the state after configuration on.

        ``stall`` is the probability of a stall on beats and on results. Fewer results than there must be come if they
        are not there before the deadline.
        """
        simulation = self._simulation
        simulation.reset()
        simulation.set("fault", fault)
        stripes = QuantisedStripe(VECTOR_LANES)
        for column, vector in x.items():
            for stripe in vector.stripes(column, VECTOR_LANES):
                self._set("x", pack(stripes, stripe))
                simulation.run(1)
        self._set("x", None)
        commands = [pack(DotCommand, matrix.command) for matrix in matrices]
        beats = [(index, beat) for index, matrix in enumerate(matrices) for beat in matrix.beats(BUS_BITS // 8)]
        count = len(expected(matrices, x))
        results, sent, passed = [], 0, 0
        for _ in range(deadline):
            # No beat before its command.
            offer = passed < len(beats) and beats[passed][0] < sent and rng.random() >= stall
            self._set("beats", beats[passed][1] if offer else None)
            self._set("command", commands[sent] if sent < len(commands) else None)
            ready = rng.random() >= stall
            simulation.set("results__ready", int(ready))
            taken = sent < len(commands) and simulation.get("command__ready")
            beat_taken = offer and simulation.get("beats__ready")
            if ready and simulation.get("results__valid"):
                results.append(unpack(DotResult, simulation.get("results__payload")))
            simulation.run(1)
            sent += taken
            passed += beat_taken
            if len(results) == count:
                break
        return results

    def _set(self, stream, value):
        self._simulation.set(f"{stream}__valid", int(value is not None))
        if value is not None:
            self._simulation.set(f"{stream}__payload", value)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The engine's netlist in the simulator."""
    engine = DotEngine(dot=DOT, bus_bits=BUS_BITS, vector_lanes=VECTOR_LANES)
    synthesis = synthesise(engine, ports=port_signals(engine), device=DEVICES["lfe5u-12f"], platform=Ecp5(),
                           toolchain=Toolchain())
    assert {"LUT4", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD", "MULT18X18D"} <= {*synthesis.cells}
    cells = json.loads(synthesis.netlist.read_text())["modules"]["top"]["cells"]
    # The first by name of the accumulator's: one of thousands.
    lut = min(name for name, cell in cells.items() if cell["type"] == "LUT4" and name.startswith("accumulator."))
    netlist, model = Netlist(engine, synthesis.netlist), tmp_path_factory.mktemp("netlist") / "netlist.json"
    netlist.write_model(model, faulty=(lut, "Z"))
    return NetlistBench(compile_design(
        netlist, ports=port_signals(netlist), name="dot-netlist", models=[model, *MODELS], flags=FLAGS))


@pytest.mark.parametrize("seed, stall", [(0, 0.0), (1, 0.5)])
def test_the_netlist_computes_the_golden_dot_product(bench, draw, draw_x, seed, stall):
    """Q4_K and Q8_0 in turn."""
    rng = np.random.default_rng(seed)
    x = draw_x(rng, 1, VECTORS)
    matrices = [draw(rng, name, rows=2, vectors=VECTORS) for name in ("Q4_K", "Q8_0", "Q4_K")]
    assert bench.run(x, matrices, rng=rng, stall=stall) == expected(matrices, x)


def test_one_wrong_lut_is_noticed(bench, draw, draw_x):
    """The same with the output of a single LUT inverted, as if all bits of its INIT were."""
    rng = np.random.default_rng(2)
    x = draw_x(rng, 1, VECTORS)
    matrices = [draw(rng, name, rows=2, vectors=VECTORS) for name in ("Q4_K", "Q8_0")]
    assert bench.run(x, matrices, rng=rng, fault=1) != expected(matrices, x)
    assert bench.run(x, matrices, rng=rng) == expected(matrices, x)


def expected(matrices, x):
    return [result for matrix in matrices for result in matrix.results(x)]
