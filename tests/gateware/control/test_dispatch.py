"""Dispatch, with units that answer after random times: order, overlap, completion."""

import random

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from gateware.control.dispatch import Dispatch
from gateware.isa import Opcode, Reduce, Sink
from testing.deadline import run_with_deadline
from testing.streams import send


def _random_work(rng):
    opcode = rng.choice([Opcode.DOT, Opcode.DOT, Opcode.VECTOR, Opcode.VECTOR, Opcode.TABLE])
    sink = rng.choice([Sink.NONE, Sink.SCRATCHPAD, Sink.MEMORY] if opcode == Opcode.DOT else
                      [Sink.NONE] if opcode == Opcode.TABLE else
                      [Sink.NONE, Sink.SCRATCHPAD, Sink.COLUMN, Sink.STORE, Sink.MEMORY])
    return {"opcode": opcode, "overlap": rng.randrange(3),
            "streams": opcode == Opcode.DOT or opcode == Opcode.VECTOR and rng.random() < 0.5,
            "dot": {"rows": rng.getrandbits(20)},
            "store": {"base": rng.getrandbits(32), "stride": rng.getrandbits(24), "scale_address": rng.getrandbits(32)},
            "vector": {"length": rng.getrandbits(20), "sink": sink, "destination": rng.getrandbits(20),
                       "reduce": rng.choice([Reduce.NONE, Reduce.ARGMAX]) if opcode == Opcode.DOT else Reduce.NONE,
                       "b": rng.getrandbits(32), "c": rng.getrandbits(32)},
            "destination_stride": rng.getrandbits(20)}


def _seen(sink_command):
    return {name: getattr(sink_command, name) for name, _ in sink_command.shape()}


class _Units:
    """Dot engine, vector unit, sinks and router, each busy for a random time; keeps a log of what happens."""

    def __init__(self, dut, seed, slow):
        self.dut, self.slow = dut, slow
        self.log, self.errors = [], []
        self.rng = random.Random(seed)
        self.dots, self.vector, self.store = [], None, None
        self.stream = 0
        self.beside = {"dot": 0, "vector": 0}  # how many began beside an instruction of the other unit

    def time(self):
        return self.rng.randint(1, self.slow)

    async def run(self, ctx):
        d = self.dut
        ctx.set(d.data_closed, 1)
        while True:
            # The dot engine accepts when it feels like it, the others whenever they have room.
            ctx.set(d.sink.ready, len(self.dots) < 2)
            ctx.set(d.store.ready, self.store is None)
            dot_ready, table_ready = (self.rng.random() < 0.7 for _ in range(2))
            ctx.set(d.dot.ready, dot_ready)
            ctx.set(d.vector.ready, self.vector is None)
            ctx.set(d.table.ready, table_ready)
            (*_, overlap, table, table_p, dot, sink, vector, store, opened, to_vector, dot_p, sink_p, vector_p,
             store_p) = await ctx.tick().sample(
                d.work.p.overlap, d.table.valid, Value.cast(d.table.payload), d.dot.valid, d.sink.valid, d.vector.valid,
                d.store.valid, d.open_data, d.open_vector, d.dot.p.rows, d.sink.p, d.vector.p.length, d.store.p.base)
            dot = dot and dot_ready
            if (sink, bool(store)) != (dot, bool(vector and store)) or opened and not (dot or vector):
                self.errors.append("a sink's command without its unit's")
            passing = self.vector is not None or self.store is not None
            if opened and self.stream:
                self.errors.append("began before the stream was taken")
            if passing and (vector or dot and not overlap):
                self.errors.append("began beside a VECTOR")
            if table and table_ready:
                if self.dots or passing:
                    self.errors.append("TABLE beside an instruction of a unit")
                self.log.append(("table", table_p))
            if vector and len(self.dots) > overlap:
                self.errors.append(f"VECTOR began beside {len(self.dots)} DOT, not {overlap}")
            self.beside["dot"] += bool(dot and passing)
            self.beside["vector"] += bool(vector and self.dots)
            await self._advance(ctx)
            if dot:
                self.dots.append([self.time(), sink_p.memory])
                self.log.append(("dot", dot_p, _seen(sink_p)))
            if vector:
                self.vector = self.time()
                self.store = self.time() if store else None
                self.log.append(("vector", vector_p, store_p if store else None))
            if opened:
                self.stream = self.time()
                self.log.append(("stream", bool(to_vector)))
            ctx.set(d.data_closed, self.stream == 0)

    async def _advance(self, ctx):
        d = self.dut
        self.stream = max(0, self.stream - 1)
        done = {"vector_done": 0, "store_done": 0, "dot_done": 0, "dot_stored": 0}
        if self.vector is not None:
            self.vector -= 1
            if not self.vector and not self.stream:
                done["vector_done"], self.vector = 1, None
            else:
                self.vector = max(1, self.vector)
        if self.store is not None:
            self.store -= 1
            if not self.store:
                done["store_done"], self.store = 1, None
        if self.dots:
            self.dots[0][0] -= 1
            if self.dots[0][0] <= 0 and not self.stream:
                done["dot_done"], done["dot_stored"] = 1, self.dots.pop(0)[1]
        for name, value in done.items():
            ctx.set(getattr(d, name), value)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slow", [1, 12])
def test_order_and_completion(seed, slow):
    rng, dut = random.Random(seed), Dispatch()
    units = _Units(dut, seed, slow)
    programs = [[_random_work(rng) for _ in range(length)] for length in (1, 40, 60)]
    expected, stores = [], 0
    for program in programs:
        for index, work in enumerate(program):
            vector = work["vector"]
            if work["opcode"] == Opcode.DOT:
                to_memory = vector["sink"] == Sink.MEMORY
                expected.append(("dot", work["dot"]["rows"], {
                    "scratchpad": vector["sink"] == Sink.SCRATCHPAD, "memory": to_memory,
                    "argmax": vector["reduce"] == Reduce.ARGMAX,
                    "start": work["store"]["base"] if to_memory else 4 * vector["destination"],
                    "column_stride": work["destination_stride"],
                    "row_stride": work["store"]["stride"] if to_memory else 4, "index": index}))
            elif work["opcode"] == Opcode.TABLE:
                words = vector["b"], vector["c"], work["store"]["base"], work["store"]["scale_address"]
                expected.append(("table", sum(word << 32 * place for place, word in enumerate(words))))
            else:
                expected.append(("vector", vector["length"],
                                 work["store"]["base"] if vector["sink"] in (Sink.STORE, Sink.MEMORY) else None))
            if work["streams"]:
                expected.append(("stream", work["opcode"] == Opcode.VECTOR))
            stores += vector["sink"] in (Sink.STORE, Sink.MEMORY)

    async def feed(ctx):
        for program in programs:
            await ctx.tick().until(dut.start)
            await send(ctx, dut.work, program + [{"opcode": Opcode.END}], random.Random(seed), 0.2)

    async def testbench(ctx):
        done = 0
        for program in programs:
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            done += len(program)
            while sum(entry[0] != "stream" for entry in units.log) != done:
                await ctx.tick()
            assert ctx.get(dut.program_counter) == len(program) - 1
            for _ in range(100):  # END waits for what is under way outside.
                await ctx.tick()
                assert not ctx.get(dut.done)
            ctx.set(dut.drained, 1)
            await ctx.tick().until(dut.done)
            ctx.set(dut.drained, 0)
            assert ctx.get(dut.program_counter) == len(program)
            assert not ctx.get(dut.dot_busy | dut.vector_busy)
        assert ctx.get(dut.stores_retired) == stores % 256

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_process(units.run)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 10_000)
    assert not units.errors
    assert units.log == expected
    assert slow == 1 or all(units.beside.values()), units.beside


def test_next_command_two_cycles_after_completion():
    dut = Dispatch()

    async def feed(ctx):
        await send(ctx, dut.work, [{"opcode": Opcode.VECTOR}] * 3)

    async def testbench(ctx):
        ctx.set(dut.vector.ready, 1)
        ctx.set(dut.data_closed, 1)
        for _ in range(3):
            await ctx.tick().until(dut.vector.valid)
            for _ in range(5):
                assert not ctx.get(dut.vector.valid)
                await ctx.tick()
            ctx.set(dut.vector_done, 1)
            await ctx.tick()
            ctx.set(dut.vector_done, 0)
            assert not ctx.get(dut.vector.valid)
            await ctx.tick()
            assert ctx.get(dut.vector.valid) == ctx.get(dut.work.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 100)
