"""The arbiter in front of the DRAM: proofs that neither master sees anything of the other, and both with stalls."""

import random

from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Mux, Signal
from amaranth.sim import Simulator
import pytest

from soc.memory_arbiter import MemoryArbiter
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline
from testing.formal import prove
from testing.formal_parts import assert_held
from testing.memory_formal import AnyMaster, AnyMemory
from testing.streams import receive, send

LONGEST = 3
WORDS = 256


class _Arbitrated(Elaboratable):
    """Two masters that ask for anything, and a memory that answers at any time."""

    def __init__(self):
        self.dut = MemoryArbiter(bus_bits=8, max_burst=LONGEST)
        self.domain = ClockDomain("sync", reset_less=True)
        self.enable = Signal()
        self.masters = [AnyMaster(longest=LONGEST, name=f"master{index}") for index in range(2)]
        self.memory = AnyMemory()
        self.second_waits = False

    @property
    def inputs(self):
        return [self.domain.clk, self.enable, *self.memory.inputs,
                *(signal for master in self.masters for signal in master.inputs)]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        owner = dut.switch.second
        m.d.comb += dut.enable.eq(self.enable)
        counts = self.memory.drive(m, dut.memory)
        for stream in dut.memory.read_request, dut.memory.write_request, dut.memory.write_data:
            assert_held(m, stream)
        offers = dut.memory.read_request.valid | dut.memory.write_request.valid
        before, nothing = Signal(), Signal()
        m.d.sync += [before.eq(owner), nothing.eq(counts.none & ~offers)]
        m.d.comb += [
            Assert((owner == before) | nothing),
            Assert(~dut.idle | counts.none & ~offers & ~dut.memory.write_data.valid),
        ]
        for index, (any_master, master) in enumerate(zip(self.masters, dut.masters)):
            any_master.drive(m, master)
            unread, unsent, unwritten = (Signal(6, name=f"{name}{index}") for name in ("unread", "unsent", "unwritten"))
            read, write, beat, word = (stream.valid & stream.ready for stream in (
                master.read_request, master.write_request, master.write_data, master.read_data))
            m.d.sync += [
                unread.eq(unread + Mux(read, master.read_request.p.length, 0) - word),
                unsent.eq(unsent + Mux(write, master.write_request.p.length, 0) - beat),
                unwritten.eq(unwritten + write - master.write_done),
            ]
            own = owner == index
            m.d.comb += [
                # What a master gets is what it has asked for, and what is under way is all its own.
                Assert(~master.read_data.valid | (unread != 0)),
                Assert(~master.write_done | (unwritten != 0)),
                Assert(~master.write_data.ready | (unsent != 0)),
                Assert(unread == Mux(own, counts.unread, 0)),
                Assert(unsent == Mux(own, counts.unsent, 0)),
                Assert(unwritten == Mux(own, counts.unwritten, 0)),
                *(Assert(~(ours.valid & ours.ready) | own & (ours.payload.as_value() == theirs.payload.as_value()))
                  for ours, theirs in ((getattr(master, name), getattr(dut.memory, name))
                                       for name in ("read_request", "write_request", "write_data"))),
            ]
        # Somebody waits, and it is not the memory's turn: a request is on offer in a few cycles, unless nobody may.
        wants = [master.read_request.valid | master.write_request.valid for master in dut.masters]
        stuck = Signal(3)
        with m.If(self.enable & (wants[0] | wants[1]) & counts.none & ~offers):
            m.d.sync += stuck.eq(Mux(stuck == 7, 7, stuck + 1))
        with m.Else():
            m.d.sync += stuck.eq(0)
        m.d.comb += Assert(stuck <= 4)
        if self.second_waits:
            m.d.comb += Assert(~owner)
        self._invariants(m, counts)
        return m

    def _invariants(self, m, counts):
        gate, room = self.dut.gate, self.dut.gate.most - 2 * LONGEST
        m.d.comb += [
            Assert(gate.unread == counts.unread),
            Assert(gate.unsent == counts.unsent), Assert(gate.owed == (counts.unsent != 0)),
            Assert(gate.unwritten == counts.unwritten),
            Assert(~gate.reads_pass | (counts.unread <= room + LONGEST)),
            Assert(~gate.writes_pass | (counts.unsent <= room + LONGEST) & (counts.unwritten <= room + LONGEST)),
            Assert(~gate.idle | ~gate.reads_pass & ~gate.writes_pass),
            Assert(counts.unread <= gate.most), Assert(counts.unsent <= gate.most),
            Assert(counts.unwritten <= gate.most),
        ]


def test_neither_sees_the_other():
    design = _Arbitrated()
    prove(design, ports=design.inputs, steps=6)


def test_a_wrong_claim_is_refuted():
    design = _Arbitrated()
    design.second_waits = True
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=5)


@pytest.mark.parametrize("seed", range(4))
def test_both_at_once(seed):
    """Each in its half of the memory: reads see what was written; `enable` comes and goes, idle only between."""
    dut, rng = MemoryArbiter(bus_bits=32, max_burst=8), random.Random(seed)
    memory = BurstMemory([rng.getrandbits(32) for _ in range(WORDS)], bus_bits=32, seed=seed)
    done = []

    def master(index):
        port, mine = dut.masters[index], random.Random(f"{seed} {index}")
        base, stall = index * WORDS // 2, mine.choice((0, 0.3, 0.8))
        model = memory.words[base:base + WORDS // 2]

        async def testbench(ctx):
            for _ in range(40):
                while mine.random() < 0.3:
                    await ctx.tick().repeat(mine.randrange(1, 30))
                length = mine.randrange(1, 9)
                place = mine.randrange(WORDS // 2 - length + 1)
                burst = {"address": base + place, "length": length}
                if mine.random() < 0.5:
                    await send(ctx, port.read_request, [burst], mine, stall)
                    words = await receive(ctx, port.read_data, length, mine, stall)
                    assert words == model[place:place + length], f"seed {seed}"
                else:
                    words = [mine.getrandbits(32) for _ in range(length)]
                    await send(ctx, port.write_request, [burst], mine, stall)
                    written = []
                    beats = [{"data": word, "mask": 15} for word in words]
                    for beat in beats:
                        await send(ctx, port.write_data, [beat], mine, stall)
                    while not written:
                        *_, report = await ctx.tick().sample(port.write_done)
                        written += [1] * report
                    model[place:place + length] = words
            done.append(index)
        return testbench

    async def switch(ctx):
        enabled, off = random.Random(f"{seed} enable"), 0
        while len(done) < 2:
            ctx.set(dut.enable, 1)
            await ctx.tick().repeat(enabled.randrange(1, 200))
            ctx.set(dut.enable, 0)
            while not ctx.get(dut.idle):
                await ctx.tick()
            assert not memory.writing
            reads = len(memory.reads) + len(memory.writes)
            await ctx.tick().repeat(enabled.randrange(1, 40))
            assert len(memory.reads) + len(memory.writes) == reads and ctx.get(dut.idle)
            off += 1
        assert off > 5

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    memory.add_to(simulator, dut.memory)
    for index in range(2):
        simulator.add_testbench(master(index))
    simulator.add_testbench(switch)
    run_with_deadline(simulator, 100_000)
