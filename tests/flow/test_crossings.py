"""Paths between clocks: what nextpnr lets pass is judged by the edges."""

from fractions import Fraction

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from amaranth_boards.ulx3s import ULX3S_12F_Platform
import pytest

from boards.device import DEVICES
from flow.bitstream import build_bitstream
from flow.clock_tree import Clock
from flow.crossings import Crossing, edge_distance, judge_crossings
from flow.toolchain import Toolchain


def clock(period, phase=0, source="pll"):
    return Clock(source=source, period=Fraction(period), phase=Fraction(phase))


class Tree:
    """Clocks by names, with one alias."""

    CLOCKS = {"fast": clock(5), "slow": clock(20), "late": clock(20, 15), "board": clock(40, source="board"),
              "init": clock(160, source="init")}

    def name(self, net):
        return net.removeprefix("$glbnet$").replace("pll.clk", "fast")

    def same_net(self, first, second):
        return self.name(first) == self.name(second)

    def clock(self, net):
        return self.CLOCKS[self.name(net)]


def report(*paths):
    return {"critical_paths": [
        {"from": launch, "to": capture, "path": [
            {"type": "clk-to-q", "delay": 0.5, "net": "", "from": {"cell": "a"}, "to": {"cell": "a_TRELLIS_FF_Q"}},
            {"type": "routing", "delay": delay - 0.5, "net": "a", "from": {"cell": "a"}, "to": {"cell": "b"}}]}
        for launch, capture, delay in paths]}


@pytest.mark.parametrize("launch,launch_edge,capture,capture_edge,nanoseconds", [
    (clock(20), "posedge", clock(5), "posedge", 5),
    (clock(5), "posedge", clock(20), "posedge", 5),
    (clock(20), "negedge", clock(5), "posedge", 5),
    (clock(20), "posedge", clock(5), "negedge", Fraction(5, 2)),
    (clock(20), "posedge", clock(20), "negedge", 10),
    (clock(20), "posedge", clock(20, 15), "posedge", 15),
    (clock(20, 15), "posedge", clock(20), "posedge", 5),
    # A phase of nothing is a whole period, and one of a whole period is nothing.
    (clock(20), "posedge", clock(20), "posedge", 20),
    (clock(20, 20), "posedge", clock(20), "posedge", 20),
    # 3 and 2 to 75 MHz: edges come as near as a sixth of 40 ns.
    (clock(Fraction(40, 3)), "posedge", clock(20), "posedge", Fraction(20, 3)),
    (clock(7), "posedge", clock(5), "posedge", 1),
    (clock(7), "posedge", clock(5, Fraction(1, 4)), "posedge", Fraction(1, 4)),
])
def test_nearest_edges(launch, launch_edge, capture, capture_edge, nanoseconds):
    assert edge_distance(launch, launch_edge, capture, capture_edge) == nanoseconds
    # By looking for it, too.
    edges = [[each.phase + each.period * n + (each.period / 2 if edge == "negedge" else 0) for n in range(count)]
             for each, edge, count in ((launch, launch_edge, 20), (capture, capture_edge, 100))]
    assert min(b - a for a in edges[0] for b in edges[1] if b > a) == nanoseconds


def test_a_path_is_judged_by_the_nearest_edges():
    crossings = judge_crossings(report(
        ("posedge slow", "posedge $glbnet$pll.clk", 12.004), ("posedge late", "posedge slow", 5.0),
        ("posedge slow", "posedge late", 5.001), ("negedge slow", "posedge slow", 90.0),
        ("<async>", "posedge slow", 90.0), ("posedge slow", "posedge slow", 90.0), ("posedge slow", "<async>", 90.0)),
        Tree(), {})
    assert [(each.launch, each.capture, each.delay, each.allowed, each.slack, each.failure) for each in crossings] == [
        ("posedge slow", "posedge fast", 12.004, 5.0, -7.004, "posedge slow -> posedge fast: 12.00 ns, not 5.00"),
        ("posedge late", "posedge slow", 5.0, 5.0, 0.0, ""),
        ("posedge slow", "posedge late", 5.001, 15.0, 9.999, ""),
    ]
    assert crossings[0].to_text() == "12.00 ns of 5.00, slack -7.00: posedge slow -> posedge fast"
    assert [step.name for step in crossings[0].path] == ["a"]


def test_clocks_without_a_common_source_have_to_be_declared():
    paths = report(("posedge init", "posedge fast", 1.0), ("posedge fast", "negedge init", 2.0),
                   ("posedge board", "posedge fast", 3.0))
    failed, *declared = judge_crossings(paths, Tree(), {("board", "fast"): "x", ("init", "pll.clk"): "two registers"})
    assert failed == judge_crossings(paths, Tree(), {})[1]
    assert failed.failure == ("posedge fast -> negedge init: the clocks keep no phase to each other, and the design "
                              "does not say that this is no matter")
    assert failed.to_text() == "2.00 ns, no phase: posedge fast -> negedge init"
    assert [(each.asynchronous, each.failure, each.slack) for each in declared] == [
        ("two registers", "", None), ("x", "", None)]
    assert declared[0].to_text() == "1.00 ns, asynchronous, two registers: posedge init -> posedge fast"


def test_fields():
    crossing = Crossing(launch="posedge a", capture="negedge b", delay=1.5, allowed=1.25, path=[])
    assert crossing.to_json() == {"launch": "posedge a", "capture": "negedge b", "delay_ns": 1.5, "allowed_ns": 1.25,
                                  "slack_ns": -0.25, "asynchronous": "", "path": []}


class Multiplication(Elaboratable):
    """36 x 36 bits between two outputs of one PLL: from 50 to 200 MHz, whose edges are 5 ns apart at the nearest.

    A shorter path leads the same way, and one back through a register at the falling edge. The board's clock, from
    which the PLL is fed, takes the result.
    """

    asynchronous = {}

    def elaborate(self, platform):
        m = Module()
        m.submodules.clock = clock = io.Buffer("i", platform.request("clk25", dir="-"))
        for name in ("slow", "fast", "board"):
            setattr(m.domains, name, ClockDomain(name, reset_less=True))
        m.domains.falling = ClockDomain(reset_less=True, clk_edge="neg")
        m.d.comb += [ClockSignal("board").eq(clock.i), ClockSignal("falling").eq(ClockSignal("slow"))]
        m.submodules.pll = Instance(
            "EHXPLLL", p_CLKI_DIV=1, p_CLKFB_DIV=8, p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED", p_CLKOP_DIV=3, p_CLKOP_CPHASE=2, p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED", p_CLKOS_DIV=12, p_CLKOS_CPHASE=11, p_CLKOS_FPHASE=0,
            i_CLKI=clock.i, i_CLKFB=ClockSignal("fast"), o_CLKOP=ClockSignal("fast"), o_CLKOS=ClockSignal("slow"))
        m.submodules.button = button = io.Buffer("i", platform.request("button_fire", 0, dir="-"))
        factors, product, short, falling = Signal(72), Signal(72), Signal(), Signal()
        m.d.slow += factors.eq(factors << 1 | button.i ^ falling)
        m.d.fast += [product.eq(factors[:36] * factors[36:]), short.eq(factors[0])]
        m.d.falling += falling.eq(short)
        result = Signal()
        m.d.board += result.eq(product.xor())
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.d.comb += led.o.eq(result)
        return m


def test_what_nextpnr_lets_pass_is_a_failure(tmp_path):
    """Real tools: every clock is fast enough by nextpnr, and the bitstream is not written."""
    result = build_bitstream(Multiplication(), name="multiplication", platform=ULX3S_12F_Platform(),
                             device=DEVICES["lfe5u-12f"], speed=6, placer="heap", router="router1", seed=1,
                             toolchain=Toolchain())
    assert all(mhz >= wanted for mhz, wanted in result.clocks.values())
    crossings = {(each.launch, each.capture): each for each in result.crossings}
    slow, fast, falling = "posedge slow_clk", "posedge fast_clk", "negedge slow_clk"
    assert crossings.keys() == {(slow, fast), (fast, falling), (fast, "posedge board_clk")}
    # Of two paths the report has the slower one.
    assert crossings[slow, fast].delay > 10 and crossings[slow, fast].allowed == 5
    assert 0.5 < crossings[fast, falling].delay < 5 == crossings[fast, falling].allowed
    assert len(result.failures) == 2
    assert result.failures[0].startswith("posedge fast_clk -> posedge board_clk: the clocks keep no phase")
    assert result.failures[1].startswith("posedge slow_clk -> posedge fast_clk: 1")
    assert result.write(tmp_path) == [] and not list(tmp_path.iterdir())
