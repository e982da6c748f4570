# amaranth: UnusedElaboratable=no
"""Cycles that the docstrings of the DMA engines and of their adapters name, where nobody waits."""

from amaranth.sim import Simulator
import pytest

from gateware.dma.axi_reader import AxiReader
from gateware.dma.axi_writer import AxiWriter
from gateware.dma.burst_splitter import BurstSplitter
from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from gateware.dma.read_engine import ReadEngine
from gateware.dma.write_engine import WriteEngine
from testing.cycles import transfer_cycles
from testing.deadline import run_with_deadline


def test_splitter():
    """Latency two cycles, a burst per cycle, also from line to line."""
    lines = [{"address": address, "beats": beats} for address, beats in ((0, 32), (5, 8), (0, 1), (9, 1))]
    passed = transfer_cycles(BurstSplitter(max_burst=8), {"lines": lines}, ["bursts"], cycles=20)
    assert passed == {"lines": [0, 4, 6, 7], "bursts": [2, 3, 4, 5, 6, 7, 8, 9]}


def test_read_engine():
    """A burst of data and an instruction every second cycle, also both at once."""
    lines = [{"address": 0, "beats": 4, "index": 1}] * 7
    instructions = [{"address": 4 * n, "index": n} for n in range(7)]
    both = {"lines": lines, "instructions": instructions}
    for inputs, cycles in (({"lines": lines}, range(5, 19, 2)), ({"instructions": instructions}, range(2, 16, 2)),
                           (both, [2, *range(4, 16), 17])):
        dut = ReadEngine(bus_bits=128, depth=256, instructions=8)
        assert transfer_cycles(dut, inputs, ["read_request"], cycles=40)["read_request"] == list(cycles)


def test_write_engine():
    """An element per cycle, each in a word of its own, and three cycles later its word."""
    writes = [{"address": 64 * n, "size": 2, "last": n == 9} for n in range(10)]
    passed = transfer_cycles(WriteEngine(bus_bits=64), {"writes": writes}, ["write_request", "write_data"], cycles=20)
    assert passed["writes"] == list(range(10))
    assert passed["write_request"] == passed["write_data"] == list(range(3, 13))


def _written(dut, bus_bits, outputs, **more):
    """Cycles in which what is written passes: two bursts of 8 words."""
    inputs = {"write_request": [{"address": 0, "length": 8}, {"address": 8, "length": 8}],
              "write_data": [{"data": n, "mask": (1 << bus_bits // 8) - 1} for n in range(16)]}
    return transfer_cycles(dut, inputs | more.pop("inputs", {}), outputs, cycles=200, **more)


@pytest.mark.parametrize("bus_bits,word_bits,words", [(32, 16, 2), (128, 16, 8), (128, 128, 1), (64, 128, 1)])
def test_native_writer(bus_bits, word_bits, words):
    """A native word per cycle, one cycle more for each bus word, and one more for each burst."""
    passed = _written(NativeWriter(bus_bits=bus_bits, word_bits=word_bits, address_bits=20), bus_bits, ["command"],
                      settings={"word_ready": 1})
    assert passed["write_request"] == [0, 8 * (words + 1) + 1]
    assert passed["command"] == [3 + n * (words + 1) + n // 8 + word for n in range(16) for word in range(words)]


@pytest.mark.parametrize("bus_bits,beats", [(64, 1), (128, 2), (256, 4)])
def test_axi_writer(bus_bits, beats):
    """A beat per cycle, and one cycle more for each bus word."""
    passed = _written(AxiWriter(bus_bits=bus_bits), bus_bits, ["port.aw", "port.w"], inputs={"port.b": [0] * 100})
    assert passed["port.aw"] == [2 + n * (beats + 1) for n in range(16)]
    assert passed["port.w"] == [3 + n * (beats + 1) + beat for n in range(16) for beat in range(beats)]


def _read(dut, bursts, ports):
    """Cycles in which the bus words of some bursts (address, length) come; processes ``ports`` answer."""
    cycles = []

    async def request(ctx):
        for address, length in bursts:
            ctx.set(dut.read_request.payload, {"address": address, "length": length})
            ctx.set(dut.read_request.valid, 1)
            await ctx.tick().until(dut.read_request.ready)
        ctx.set(dut.read_request.valid, 0)

    async def receive(ctx):
        ctx.set(dut.read_data.ready, 1)
        cycle = 0
        while len(cycles) < sum(length for _, length in bursts):
            *_, valid = await ctx.tick().sample(dut.read_data.valid)
            cycles.extend([cycle] if valid else [])
            cycle += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(request)
    for process in ports:
        simulator.add_process(process)
    simulator.add_testbench(receive)
    run_with_deadline(simulator, 1000)
    return cycles


def test_native_reader():
    """A command and a bus word per cycle, without a gap between bursts; ports answer in the cycle after a command."""
    dut = NativeReader(bus_bits=128, word_bits=128, address_bits=20, bank_shift=3)

    async def port(ctx):
        ctx.set(dut.command0.ready, 1)
        ctx.set(dut.command1.ready, 1)
        async for *_, even, odd in ctx.tick().sample(dut.command0.valid, dut.command1.valid):
            ctx.set(dut.word_valid0, even)
            ctx.set(dut.word_valid1, odd)

    cycles = _read(dut, [(3, 80), (200, 80)], [port])
    assert cycles == list(range(cycles[0], cycles[0] + 160))


@pytest.mark.parametrize("bus_bits,ports", [(64, 1), (128, 2), (256, 4)])
def test_axi_reader(bus_bits, ports):
    """A bus word per cycle of ports that together have one, as soon as all of them have a block to read."""
    dut = AxiReader(bus_bits=bus_bits, ports=ports)

    def port(channels):
        async def process(ctx):
            lasts = []  # of the beats that are asked for
            ctx.set(channels.ar.ready, 1)
            async for *_, asked, more, taken in ctx.tick().sample(
                    channels.ar.valid, channels.ar.p.more, channels.r.valid & channels.r.ready):
                if taken:
                    lasts.pop(0)
                if asked:
                    lasts += [beat == more for beat in range(more + 1)]
                ctx.set(channels.r.valid, bool(lasts))
                ctx.set(channels.r.p.last, bool(lasts) and lasts[0])
        return process

    cycles = _read(dut, [(0, 160)], [port(getattr(dut, f"port{number}")) for number in range(ports)])
    assert cycles[16:] == list(range(cycles[16], cycles[16] + 144))
