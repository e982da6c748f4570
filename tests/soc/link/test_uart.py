"""Serial line: what is sent arrives, also when the clocks differ."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from testing.deadline import run_with_deadline
from testing.streams import run_stream_test
from soc.link.uart_receiver import UartReceiver
from soc.link.uart_transmitter import UartTransmitter


class _Loop(wiring.Component):
    """A transmitter whose line leads to a receiver."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter()
        m.submodules.receiver = receiver = UartReceiver()
        connect(m, flipped(self.i), transmitter.bytes)
        connect(m, receiver.bytes, flipped(self.o))
        m.d.comb += [receiver.rx.eq(transmitter.tx), transmitter.divisor.eq(self.divisor),
                     receiver.divisor.eq(self.divisor)]
        return m


@pytest.mark.parametrize("divisor", [4, 5, 25])
def test_bytes_arrive(divisor):
    data = bytes(range(0, 256, 5 if divisor < 9 else 25)) + b"\xff\x00\xff\x00"
    # The receiver cannot wait longer than a byte lasts.
    run_stream_test(_Loop(divisor), inputs={"i": data}, outputs={"o": data}, stall={"o": 0.2}, seeds=range(2),
                    deadline=20 * divisor * len(data))


def test_no_gap_between_bytes():
    data = bytes(range(40))
    run_stream_test(_Loop(8), inputs={"i": data}, outputs={"o": data}, seeds=[0], deadline=40 * 80 + 20)


def _line(data, bit_cycles, rng):
    """Levels of the line in each cycle; a bit lasts ``bit_cycles``, which need not be whole."""
    bits = [level for byte in data for level in (0, *(byte >> bit & 1 for bit in range(8)), 1)]
    length = round(len(bits) * bit_cycles)
    return [1] * rng.randrange(9) + [bits[min(int(cycle / bit_cycles), len(bits) - 1)] for cycle in range(length)]


@pytest.mark.parametrize("error", [-0.03, 0.03])
def test_clocks_that_differ(error):
    rng, dut, got = random.Random(1), UartReceiver(), []
    data = rng.randbytes(30)

    async def testbench(ctx):
        ctx.set(dut.divisor, 25)
        ctx.set(dut.bytes.ready, 1)
        for level in [1] * 5 + _line(data, 25 * (1 + error), rng) + [1] * 40:
            ctx.set(dut.rx, level)
            *_, valid, byte = await ctx.tick().sample(dut.bytes.valid, dut.bytes.payload)
            if valid:
                got.append(byte)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 20_000)
    assert bytes(got) == data


def test_what_nobody_takes_is_dropped():
    """As is a byte without a stop bit; what follows arrives."""
    dut, dropped, got = UartReceiver(), 0, []
    rng = random.Random(2)

    async def testbench(ctx):
        nonlocal dropped
        ctx.set(dut.divisor, 8)
        broken = _line(b"\x00", 8, rng)[:-8] + [0] * 8 + [1] * 16
        for ready, levels in ((0, _line(b"\x11\x22\x33", 8, rng)), (1, [1] * 8), (1, broken),
                              (1, _line(b"\x44", 8, rng) + [1] * 20)):
            ctx.set(dut.bytes.ready, ready)
            for level in levels:
                ctx.set(dut.rx, level)
                *_, valid, byte, lost = await ctx.tick().sample(
                    dut.bytes.valid, dut.bytes.payload, dut.dropped)
                dropped += lost
                if valid and ready:
                    got.append(byte)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 5000)
    assert (got[0], got[-1], dropped) == (0x11, 0x44, 3)
