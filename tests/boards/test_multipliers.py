# amaranth: UnusedElaboratable=no
"""Vendors' multipliers against the inferred one, cycle by cycle, in models of the vendors' blocks."""

from pathlib import Path

from amaranth.hdl import Assert, Cat, Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import Out
import numpy as np
import pytest

from boards.ecp5 import Ecp5
from boards.series7 import Series7
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.error import SimulationError

# Yosys has a model of DSP48E1, and none of MULT18X18D.
MODELS = {Ecp5: Path(__file__).parent / "mult18x18d.v", Series7: "+/xilinx/cells_sim.v"}
CYCLES = 2048
# Widths of the factors and whether they are signed: those that the gateware has, and the extremes.
SHAPES = ((18, 18, True), (16, 18, True), (12, 12, False), (11, 3, True), (1, 1, False), (18, 17, False))


class SideBySide(wiring.Component):
    """Inferred multipliers and those of a family on the same factors, a pair per cycle.

    Products are compared in every cycle; the variants take their factors ``late`` cycles late.
    """

    cycle: Out(range(CYCLES + 16))

    def __init__(self, family, *, late=0):
        super().__init__()
        self._family, self._late = family, late

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.cycle.eq(self.cycle + 1)
        for index, (a_width, b_width, signed) in enumerate(SHAPES):
            inferred, ports = (
                Multiplier(a_width=a_width, b_width=b_width, signed=signed) for _ in range(2))
            variant = self._family.celosia_multiplier(ports.a, ports.b, ports.o)
            m.submodules[f"inferred_{index}"] = inferred
            m.submodules[f"variant_{index}"] = variant
            m.submodules[f"pairs_{index}"] = factors = memory.Memory(
                shape=a_width + b_width, depth=CYCLES, init=pairs(a_width, b_width))
            read = factors.read_port(domain="comb")
            late = delay(m, read.data, self._late, name=f"late_{index}")
            m.d.comb += [
                read.addr.eq(self.cycle),
                Cat(inferred.a, inferred.b).eq(read.data),
                Cat(ports.a, ports.b).eq(late),
            ]
            # Before that nothing that counts has come out.
            with m.If(self.cycle > Multiplier.LATENCY + self._late):
                m.d.comb += Assert(inferred.o == ports.o, "Products differ")
        return m


def pairs(a_width, b_width):
    """Every corner with every corner, then random factors; a in the low bits."""
    rng = np.random.default_rng(a_width * 32 + b_width)
    corners = [{0, 1, (1 << width) - 1, 1 << width - 1, (1 << width - 1) - 1} for width in (a_width, b_width)]
    crossed = [(a, b) for a in sorted(corners[0]) for b in sorted(corners[1])]
    some = CYCLES - len(crossed)
    crossed += zip(rng.integers(0, 1 << a_width, some), rng.integers(0, 1 << b_width, some))
    return [int(a) | int(b) << a_width for a, b in crossed]


def run(family, **options):
    simulation = CompiledSimulation(compile_design(
        SideBySide(family, **options), name=f"multipliers-{family.__name__.lower()}",
        models=[MODELS[family]]))
    simulation.run(CYCLES)


@pytest.mark.parametrize("family", MODELS, ids=lambda family: family.__name__)
def test_every_product_at_its_cycle(family):
    run(family)


@pytest.mark.parametrize("family", MODELS, ids=lambda family: family.__name__)
def test_another_latency_is_noticed(family):
    with pytest.raises(SimulationError, match="Products differ"):
        run(family, late=1)


def test_two_wide_factors_do_not_fit_a_dsp48e1():
    multiplier = Multiplier(a_width=18, b_width=18, signed=False)
    expected = r"^One factor of a DSP48E1 must have at most 18 signed bits, not 19$"
    with pytest.raises(ValueError, match=expected):
        Series7.celosia_multiplier(multiplier.a, multiplier.b, multiplier.o)
