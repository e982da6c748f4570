"""The stream helpers themselves: values, stalls, and that each kind of fault is noticed."""

import random
import re

import pytest
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from testing.streams import pack, receive, run_stream_test, send, unpack


class Kind(enum.Enum, shape=unsigned(2)):
    A = 1
    B = 2


PAIR = data.StructLayout({"a": signed(5), "kind": Kind, "b": data.ArrayLayout(unsigned(3), 4)})


class Point(data.Struct):
    x: unsigned(4)
    y: signed(4)


class Register(wiring.Component):
    """One register deep, full throughput; `fault` breaks it in a chosen way."""

    def __init__(self, shape, *, fault=None):
        self.fault = fault
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)),
                          "offset": In(8)})

    def elaborate(self, platform):
        m = Module()
        count = Signal(range(16))
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
            m.d.sync += self.o.payload.eq(self.i.payload)
            if self.fault == "offset":
                m.d.sync += self.o.payload.eq(self.i.payload + self.offset)
            m.d.sync += count.eq(count + self.i.valid)
            m.d.comb += self.i.ready.eq(1)
        if self.fault == "withdraw":
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.o.valid.eq(0)
        if self.fault == "change":
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.o.payload.eq(self.o.payload + 1)
        if self.fault == "block":
            with m.If(count == 9):
                m.d.comb += self.i.ready.eq(0)
                m.d.sync += count.eq(9)
                m.d.sync += self.o.valid.eq(self.o.valid & ~self.o.ready)
        if self.fault == "extra":
            with m.If((count == 10) & self.o.valid & self.o.ready & ~self.i.valid):
                m.d.sync += self.o.valid.eq(1)
                m.d.sync += count.eq(0)
        return m


def test_pack_is_the_inverse_of_unpack():
    value = {"a": -3, "kind": Kind.B, "b": [1, 2, 3, 7]}
    bits = pack(PAIR, value)
    assert bits == PAIR.const(value).as_bits()
    assert unpack(PAIR, bits) == value
    assert pack(PAIR, bits) == bits and pack(PAIR, PAIR.const(value)) == bits
    assert unpack(Point, pack(Point, {"x": 9, "y": -8})) == {"x": 9, "y": -8}
    assert unpack(signed(4), 0xf8) == -8 and pack(signed(4), -8) == 8
    assert pack(PAIR, {"a": 1}) == 1 and unpack(PAIR, 1)["kind"] == 0


@pytest.mark.parametrize("shape, value", [
    (unsigned(4), 16), (unsigned(4), -1), (signed(4), 8), (signed(4), -9)])
def test_pack_refuses_what_does_not_fit(shape, value):
    message = re.escape(f"Payload must fit {shape!r}, not be {value}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        pack(shape, value)


def test_values_pass_with_any_stalls():
    rng = random.Random(1)
    values = [{"a": rng.randrange(-16, 16), "kind": rng.choice(list(Kind)),
               "b": [rng.randrange(8) for _ in range(4)]} for _ in range(40)]
    got = run_stream_test(Register(PAIR), inputs={"i": values}, outputs={"o": 40}, seeds=range(6))
    assert got == {"o": values}
    got = run_stream_test(Register(signed(7)), inputs={"i": [-64, 63]}, outputs={"o": [-64, 63]})
    assert got == {"o": [-64, 63]}


def test_settings_and_prefix():
    got = run_stream_test(Register(8, fault="offset"), inputs={"i": list(range(30))}, outputs={"o": 5},
                          settings={"offset": 7}, quiet=0)
    assert got == {"o": [7, 8, 9, 10, 11]}


def test_deadline_measures_throughput():
    run_stream_test(Register(8), inputs={"i": range(100)}, outputs={"o": 100}, seeds=[0], deadline=102)
    with pytest.raises(AssertionError, match=r"^Not done after 95 cycles; received: 'o' \d+ of 100; inputs "):
        run_stream_test(Register(8), inputs={"i": range(100)}, outputs={"o": 100}, seeds=[0], deadline=95,
                        quiet=1)


@pytest.mark.parametrize("fault, message", [
    ("withdraw", r"^Payload \d+ was withdrawn before it was accepted: \d+"),
    ("change", r"^Payload \d+ was changed before it was accepted: \d+"),
    ("block", r"^Not done after 500 cycles; received: 'o' \d of 10; inputs not sent: 'i'"),
    ("extra", r"^Output 'o' must send 10 payloads, not more"),
])
def test_faults_are_noticed_and_name_the_seed(fault, message):
    with pytest.raises(AssertionError, match=message) as caught:
        run_stream_test(Register(8, fault=fault), inputs={"i": range(10)}, outputs={"o": 10}, seeds=[5],
                        stall=0.5, deadline=500)
    assert "run_stream_test: seed 5" in caught.value.__notes__[0]


def test_differences_name_the_place():
    with pytest.raises(AssertionError, match=r"^Output 'o', number 2 of 3: 3, but expected: 4\n"):
        run_stream_test(Register(8), inputs={"i": [1, 2, 3]}, outputs={"o": [1, 2, 4]})


def test_send_and_receive_in_testbenches():
    dut, rng, got = Register(Point), random.Random(3), []
    values = [{"x": n % 16, "y": -n % 8} for n in range(20)]

    async def sender(ctx):
        await send(ctx, dut.i, values, rng, 0.5)

    async def receiver(ctx):
        got.extend(await receive(ctx, dut.o, 20, rng, 0.5))
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(sender)
    simulator.add_testbench(receiver)
    simulator.run()
    assert got == values
