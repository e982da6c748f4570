# amaranth: UnusedElaboratable=no
"""FIFOs in LUT RAM and in block RAM: order, throughput, capacity, level."""

import pytest
from amaranth.lib import data
from amaranth.sim import Simulator

from gateware.stream.block_fifo import BlockFifo
from gateware.stream.fifo import StreamFifo
from gateware.stream.lut_fifo import LutFifo
from testing.streams import run_stream_test


@pytest.mark.parametrize("depth", [2, 3, 4, 7, 32, 33, 100, 128])
def test_keeps_order_under_stalls(depth):
    values = [n * 37 % 256 for n in range(300)]
    run_stream_test(StreamFifo(shape=8, depth=depth), inputs={"i": values}, outputs={"o": values},
                    deadline=8000)


@pytest.mark.parametrize("depth,latency", [(2, 1), (32, 1), (33, 4), (256, 4)])
def test_one_payload_per_cycle(depth, latency):
    values = [n % 256 for n in range(300)]
    run_stream_test(StreamFifo(shape=8, depth=depth), inputs={"i": values}, outputs={"o": values},
                    stall=0, deadline=300 + latency + 2)


def test_structured_payload():
    layout = data.StructLayout({"value": 8, "last": 1})
    values = [{"value": n, "last": n % 3 == 2} for n in range(200)]
    for depth in (8, 80):
        run_stream_test(StreamFifo(shape=layout, depth=depth), inputs={"i": values}, outputs={"o": values})


@pytest.mark.parametrize("depth", [5, 70])
def test_fills_to_its_depth_and_says_so(depth):
    dut = StreamFifo(shape=8, depth=depth)

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        accepted = 0
        for _ in range(2 * depth):
            accepted += ctx.get(dut.i.ready)
            await ctx.tick()
            assert ctx.get(dut.level) == accepted
        assert depth <= accepted <= depth + BlockFifo.OUTPUT_DEPTH
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.o.ready, 1)
        await ctx.tick().repeat(accepted + BlockFifo.OUTPUT_DEPTH)
        assert ctx.get(dut.level) == 0 and not ctx.get(dut.o.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_depth_is_checked():
    with pytest.raises(ValueError, match=r"^FIFO depth must be at least 2, not 1$"):
        StreamFifo(shape=8, depth=1)
    with pytest.raises(ValueError, match=r"^LUT FIFO depth must be 2\.\.64, not 65$"):
        LutFifo(shape=8, depth=65)
