# amaranth: UnusedElaboratable=no
"""The same testbenches on compiled designs and in Amaranth's simulator see the same in every cycle."""

import random
import re

import pytest
from amaranth.hdl import Assert, Module, Signal, signed, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import BrokenTrigger, Simulator

from gateware.ports import port_signals
from gateware.stream.skid_buffer import SkidBuffer
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.error import SimulationError
from testing.compiled_testbench import CompiledTestbench
from testing.streams import receive, send


class Kind(enum.Enum, shape=unsigned(2)):
    A = 1
    B = 2


PAYLOAD = data.StructLayout({"a": signed(5), "kind": Kind, "b": data.ArrayLayout(signed(3), 25)})


class Mixed(wiring.Component):
    """Ports of every kind, inputs that do not begin at 0, paths from input to output, and a memory."""

    def __init__(self):
        super().__init__({
            "a": In(signed(7), init=-5), "b": In(70, init=1 << 69), "kind": In(Kind, init=Kind.A),
            "pair": In(data.StructLayout({"x": signed(4), "y": unsigned(3)}), init={"x": -2, "y": 3}),
            "sum": Out(signed(9)), "total": Out(80), "was": Out(Kind, init=Kind.B), "wrong": In(1),
            "turned": Out(data.StructLayout({"y": unsigned(3), "x": signed(4)})), "old": Out(signed(7)),
            "none": Out(0), "stream": In(stream.Signature(2, always_ready=True))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=signed(7), depth=4, init=[1, -2, 3, -4])
        write, read = memory.write_port(), memory.read_port()
        count = Signal(2)
        m.d.comb += [self.sum.eq(self.a + self.pair.x), self.turned.x.eq(self.pair.x), self.turned.y.eq(self.pair.y),
                     write.addr.eq(count), read.addr.eq(count), write.data.eq(self.a), write.en.eq(1),
                     self.old.eq(read.data)]
        m.d.sync += [self.total.eq(self.total + self.b), self.was.eq(self.kind), count.eq(count + 1),
                     Assert(~self.wrong, "wrong was set")]
        return m


def _compiled(dut):
    library = compile_design(dut, name=type(dut).__name__, ports=port_signals(dut))
    return CompiledTestbench(dut, CompiledSimulation(library))


def _both(make, testbenches, background=()):
    """Run testbenches, functions of context, component and record, twice in each simulator; returns the one record."""
    records = []
    for compiled in True, False:
        dut, record = make(), []
        bench = _compiled(dut) if compiled else Simulator(dut)
        if not compiled:
            bench.add_clock(1e-6)
        for function in [*testbenches, *background]:
            async def testbench(ctx, function=function):
                await function(ctx, dut, record)
            bench.add_testbench(testbench, background=function in background)
        for run in range(2):
            if compiled:
                bench.run(max_cycles=5000)
            else:
                if run:
                    bench.reset()
                bench.run()
            records.append(record[:])
            record.clear()
    for other in records[1:]:
        assert other == records[0]
    return records[0]


@pytest.mark.parametrize("seed", range(3))
def test_every_cycle_of_a_stream_with_stalls(seed):
    rng = random.Random(seed)
    values = [{"a": rng.randrange(-16, 16), "kind": rng.choice(list(Kind)),
               "b": [rng.randrange(-4, 4) for _ in range(25)]} for _ in range(100)]

    async def sender(ctx, dut, record):
        await send(ctx, dut.i, values, random.Random(f"send {seed}"), 0.4)

    async def receiver(ctx, dut, record):
        record.append(await receive(ctx, dut.o, 100, random.Random(f"receive {seed}"), 0.3 * seed))

    async def monitor(ctx, dut, record):
        async for *_, ready, valid, payload in ctx.tick().sample(dut.i.ready, dut.o.valid).sample(dut.o.payload):
            record.append((ready, valid, payload.as_bits(), payload.a, payload.b[24]))

    record = _both(lambda: SkidBuffer(shape=PAYLOAD), [sender, receiver], [monitor])
    assert values in record and len(record) > 100


def test_values_of_every_kind():
    """Initial values, signed ones and views both ways, what is cut off, and outputs that follow inputs at once."""
    async def drive(ctx, dut, record):
        def see():
            ports = dut.a, dut.b, dut.pair, dut.kind, dut.sum, dut.total, dut.turned, dut.was, dut.old, dut.none
            values = [ctx.get(port) for port in ports]
            record.append([value.as_bits() if isinstance(value, data.Const) else value for value in values])
            return values

        rng = random.Random(1)
        first = see()
        assert first[:5] == [-5, 1 << 69, dut.pair.shape().const({"x": -2, "y": 3}), Kind.A, -7]
        for _ in range(60):
            ctx.set(dut.a, rng.randrange(-64, 64))
            ctx.set(dut.b, rng.getrandbits(70))
            ctx.set(dut.pair, {"x": rng.randrange(-8, 8), "y": rng.randrange(8)})
            ctx.set(dut.kind, rng.choice(list(Kind)))
            values = see()
            assert values[4] == values[0] + values[2].x and values[6].y == values[2].y
            record.append(await ctx.tick().sample(dut.kind, dut.sum, dut.total, dut.old, dut.stream.ready))
            assert see()[7] is values[3]
        for value in 64, -65, 1 << 20, True:
            ctx.set(dut.a, value)
            see()

    record = _both(Mixed, [drive])
    assert record[-4][0] == -64 and record[-3][0] == 63 and record[-1][0] == 1


def test_order_of_testbenches():
    """Those that were added first go on first, and the others see what they set; what is sampled is older than that."""
    async def first(ctx, dut, record):
        for number in range(5):
            record.append(("first", ctx.get(dut.a)))
            ctx.set(dut.a, number)
            await ctx.tick()

    async def second(ctx, dut, record):
        async for *_, a in ctx.tick().sample(dut.a):
            record.append(("second", a, ctx.get(dut.a), ctx.get(dut.sum)))
            ctx.set(dut.a, ctx.get(dut.a) + 10)

    record = _both(Mixed, [first], [second])
    assert record[:4] == [("first", -5), ("first", 0), ("second", 0, 1, -1), ("first", 11)]


def test_an_edge_that_is_missed():
    async def testbench(ctx, dut, record):
        async for _ in ctx.tick():
            record.append("an edge")
            await ctx.tick()

    for start in _compiled, Simulator:
        bench, record = start(dut := Mixed()), []
        if start is Simulator:
            bench.add_clock(1e-6)

        async def run(ctx):
            await testbench(ctx, dut, record)
        bench.add_testbench(run)
        with pytest.raises(BrokenTrigger):
            bench.run(**({} if start is Simulator else {"max_cycles": 10}))
        assert record == ["an edge"]


def test_faults_end_a_run():
    """No end, a failed assertion, and an error of a testbench, each of which leaves the bench fit for the next run."""
    bench, faults = _compiled(dut := Mixed()), iter(["none", "assertion", "error", "end"])

    async def testbench(ctx):
        fault = next(faults)
        while fault == "none":
            await ctx.tick()
        ctx.set(dut.wrong, fault == "assertion")
        *_, old = await ctx.tick().sample(dut.old)
        assert fault != "error" and not old, "the testbench says so"

    async def forever(ctx):
        async for _ in ctx.tick():
            pass
    bench.add_testbench(testbench)
    bench.add_testbench(forever, background=True)
    with pytest.raises(TimeoutError, match="^Testbenches must end within 7 cycles, which these did not: testbench$"):
        bench.run(max_cycles=7)
    assert bench.cycle == 7
    with pytest.raises(SimulationError, match="^Assertion failed: wrong was set"):
        bench.run(max_cycles=7)
    with pytest.raises(AssertionError, match="^the testbench says so"):
        bench.run(max_cycles=7)
    assert bench.run(max_cycles=7) == bench.cycle == 1


def test_what_it_refuses():
    bench = _compiled(dut := Mixed())
    context = []

    async def testbench(ctx):
        context.append(ctx)
    bench.add_testbench(testbench)
    bench.run(max_cycles=0)
    [ctx] = context
    with pytest.raises(ValueError, match=re.escape(
            "Value must be a whole port of Mixed, not (slice (sig pair) 4:7)")):
        ctx.set(dut.pair.y, 1)
    with pytest.raises(ValueError, match=re.escape("Value must be a whole port of Mixed, not (sig other)")):
        ctx.tick().sample(Signal(name="other"))
    with pytest.raises(ValueError, match="^Port 'sum' must be an input to be set, not an output$"):
        ctx.set(dut.sum, 1)
    with pytest.raises(ValueError, match="^Domain must be 'sync', the only one of a compiled design, not 'fast'$"):
        ctx.tick("fast")
    with pytest.raises(TypeError, match="^Testbench must be an async function, not "):
        bench.add_testbench(lambda ctx: None)
    other = SkidBuffer(shape=8)
    with pytest.raises(ValueError, match="^Port 'i__payload' of the library must have 8 bits, not None$"):
        CompiledTestbench(other, bench._simulation)
