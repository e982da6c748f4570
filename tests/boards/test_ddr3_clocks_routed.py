"""The clocks of boards with a DDR3 get through nextpnr: edge clocks have few ways, and constants none."""

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
import pytest

from boards.board import BOARDS
from boards.device import DEVICES
from flow.bitstream import build_bitstream
from flow.toolchain import Toolchain


class _Clocks(Elaboratable):
    """The clocks of a board's top, with what needs them: cells at pins of the DRAM, on all sides where it has any."""

    trained, asynchronous = True, {}

    def __init__(self, board):
        self._board = board
        top = board.top(board.config)
        self._clocks, self._input = top.clocks(board.clock_hz), top.INPUT[0]
        self.asynchronous = top.asynchronous

    def elaborate(self, platform):
        m = Module()
        m.submodules.clocks = clocks = self._clocks
        clocks.define(m)
        m.submodules.clk_buffer = clock = io.Buffer("i", platform.request(self._input, dir="-"))
        m.d.comb += clocks.clk_in.eq(clock.i)
        count = Signal(4)
        m.d.sync += count.eq(count + 1)
        ddr3 = platform.request("ddr3", dir="-")
        for name in "a", "ba", "dm":
            port = getattr(ddr3, name)
            m.submodules[name] = pins = io.Buffer("o", port)
            for number in range(len(port)):
                m.submodules[f"{name}{number}"] = Instance(
                    "ODDRX2F", **{f"i_D{bit}": count[bit] for bit in range(4)}, i_ECLK=ClockSignal("sys2x"),
                    i_SCLK=ClockSignal("sync"), i_RST=0, o_Q=pins.o[number])
        return m


@pytest.mark.parametrize("name", ["ecpix5", "orangecrab"])
def test_clocks_are_routed(name):
    board = BOARDS[name]
    result = build_bitstream(_Clocks(board), name=f"{name}-clocks", platform=board.platform(),
                             device=DEVICES[board.device], speed=board.speed, placer="heap", router=board.router,
                             seed=1, toolchain=Toolchain())
    assert result.used["luts"] < 1000
