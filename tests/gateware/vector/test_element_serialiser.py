# amaranth: UnusedElaboratable=no
"""Elements of stripes, one after another: a proof for any pattern of stalls, and whole passes in a simulation."""

import random

from amaranth.hdl import Assert, Cat, ClockDomain, Const, Elaboratable, Module, Mux, Signal, Value
from amaranth.sim import Simulator
import pytest

from gateware.vector.element_serialiser import ElementSerialiser
from testing.cycles import run_cycles
from testing.deadline import run_with_deadline
from testing.formal import prove
from testing.formal_parts import assert_block_fifo, assert_held
from testing.streams import receive

_BITS = 4
_LANES, _DEPTH = 2, 4


class _Passes(Elaboratable):
    """Passes of any length through a queue of two stripes; their elements are numbered.

    A stripe is reserved when somebody asks and the queue allows it. It arrives any time later, ``lanes`` cycles or more
    after the one before, and its elements leave as the sink likes. The numbers have more values than there are elements
    inside.

    Parameters
    ----------
    cautious : bool
        Reserve nothing in the cycle after a reservation.
    """

    def __init__(self, *, cautious=True):
        self.dut, self.cautious = ElementSerialiser(lanes=_LANES, depth=_DEPTH), cautious
        self.domain = ClockDomain("sync", reset_less=True)
        self.begin, self.ask, self.closing, self.arrive, self.ready = (Signal() for _ in range(5))
        self.lane = Signal(range(_LANES))
        # A pass is under way; its last stripe is reserved; that has arrived, and its last element is `final`.
        self.running, self.closed, self.known = Signal(), Signal(), Signal()
        self.last_lane, self.final = Signal(range(_LANES)), Signal(_BITS)
        # Stripes that are reserved and have not arrived; cycles until the next one may; whether one was just reserved.
        self.coming, self.gap, self.reserved = Signal(3), Signal(range(_LANES)), Signal()
        # Numbers of the first element to arrive and to leave.
        self.sent, self.received = Signal(_BITS), Signal(_BITS)

    @property
    def inputs(self):
        return [self.domain.clk, self.begin, self.ask, self.closing, self.arrive, self.ready, self.lane]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = self.dut
        self._drive(m)
        dut = self.dut
        m.d.comb += [
            Assert(~dut.elements.valid | self._is(dut.elements.payload, 0)),
            Assert(dut.done == (dut.elements.valid & dut.elements.ready & self.known & (self.received == self.final))),
        ]
        assert_held(m, dut.elements)
        self._never_stops(m)
        self._invariants(m)
        return m

    def _drive(self, m):
        dut = self.dut
        handed_over = dut.elements.valid & dut.elements.ready
        m.d.comb += [
            dut.start.eq(self.begin & ~self.running),
            dut.reserve.eq(self.running & ~self.closed & self.ask & ~dut.full & ~(self.reserved & self.cautious)),
            dut.valid.eq(self.arrive & (self.coming != 0) & (self.gap == 0)),
            dut.last.eq(self.closed & (self.coming == 1)),
            dut.last_lane.eq(self.last_lane),
            dut.elements.ready.eq(self.ready),
        ]
        m.d.comb += [dut.stripe[lane].eq((self.sent + lane)[:_BITS]) for lane in range(_LANES)]
        m.d.sync += [
            self.reserved.eq(dut.reserve),
            self.coming.eq(self.coming + dut.reserve - dut.valid),
            self.gap.eq(Mux(dut.valid, _LANES - 1, Mux(self.gap == 0, 0, self.gap - 1))),
            self.sent.eq(self.sent + Mux(dut.valid, Mux(dut.last, self.last_lane + 1, _LANES), 0)),
            self.received.eq(self.received + handed_over),
        ]
        with m.If(dut.start):
            m.d.sync += [self.running.eq(1), self.closed.eq(0), self.known.eq(0), self.last_lane.eq(self.lane)]
        with m.If(dut.reserve & self.closing):
            m.d.sync += self.closed.eq(1)
        with m.If(dut.valid & dut.last):
            m.d.sync += [self.known.eq(1), self.final.eq(self.sent + self.last_lane)]
        with m.If(dut.done):
            m.d.sync += self.running.eq(0)

    def _is(self, payload, offset):
        """Whether a payload is the element ``offset`` behind the next one to leave, with the mark of a last one."""
        number = (self.received + offset)[:_BITS]
        return Value.cast(payload) == Cat(number, Const(0, 32 - _BITS), self.known & (number == self.final))

    def _never_stops(self, m):
        """Where nothing is reserved and nothing inside, the queue is not full in the second cycle: the pass goes on."""
        empty = Signal()
        m.d.sync += empty.eq((self.coming == 0) & (self.sent == self.received) & ~self.dut.reserve)
        m.d.comb += Assert(~(empty & self.running & ~self.known) | ~self.dut.full)

    def _invariants(self, m):
        dut, queue, left, entering = self.dut, self.dut.queue, self.dut.left, self.dut.entering
        remaining, unclaimed = Signal(4), Signal(8)
        m.d.comb += [
            remaining.eq(Mux(entering, left + 1, 0)),
            unclaimed.eq(dut.free + _LANES * self.coming + remaining + queue.level
                         + Mux(self.known, _LANES - 1 - self.last_lane, 0)),
            Assert(unclaimed == _DEPTH),
            Assert(dut.full | self.reserved | (dut.free >= _LANES)),
            Assert(~self.reserved | self.running & (self.coming != 0)),
            # The stripe whose elements enter the queue.
            Assert((self.received + queue.level + remaining)[:_BITS] == self.sent),
            Assert(~entering | (left <= self.gap)),
            Assert(~entering | (dut.ends == self.known)),
            # A pass: before its end is known something is to come, then its last element is inside.
            Assert(self.running | (self.coming == 0) & (remaining == 0) & (queue.level == 0)),
            Assert(~self.running | self.known | ~self.closed | (self.coming != 0)),
            Assert(~self.known | self.closed & (self.coming == 0)),
            Assert(~self.running | ~self.known | (self.final == (self.sent - 1)[:_BITS])),
            Assert(~self.running | ~self.known | (self.sent != self.received)),
        ]
        for lane in range(_LANES):
            number = (self.sent - remaining + lane)[:_BITS]
            m.d.comb += Assert(~entering | (left < lane) | (dut.held[lane] == number))
        assert_block_fifo(m, queue, self._is)


def test_no_element_is_lost_duplicated_or_reordered():
    """Nor without room, and the last one of a pass is marked."""
    design = _Passes()
    prove(design, ports=design.inputs, steps=2)


def test_who_reserves_too_early_finds_no_room():
    design = _Passes(cautious=False)
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=8)


@pytest.mark.parametrize("lanes,depth,stall", [(2, 4, 0.0), (2, 128, 0.7), (4, 8, 0.5), (4, 16, 0.0), (16, 128, 0.3)])
def test_passes(lanes, depth, stall):
    """Behind a pipeline of 20 cycles; a queue that is too short for it only costs time."""
    dut, rng = ElementSerialiser(lanes=lanes, depth=depth), random.Random(f"{lanes} {depth} {stall}")
    lengths = [1, lanes, lanes + 1, 3 * lanes - 1, 2, 10 * lanes + 1, 1]
    passes = [[rng.getrandbits(32) for _ in range(length)] for length in lengths]
    expected = [{"value": value, "last": index == len(elements) - 1}
                for elements in passes for index, value in enumerate(elements)]
    got, dones = [], []

    async def unit(ctx):
        for elements in passes:
            ctx.set(dut.start, 1)
            ctx.set(dut.last_lane, (len(elements) - 1) % lanes)
            await ctx.tick()
            ctx.set(dut.start, 0)
            stripes = [elements[first:first + lanes] for first in range(0, len(elements), lanes)]
            pipeline, since = [None] * 20, lanes
            while stripes or any(pipeline):
                since += 1
                reserve = bool(stripes) and since >= lanes and not ctx.get(dut.full) and rng.random() < 0.8
                ctx.set(dut.reserve, reserve)
                pipeline.append(stripes.pop(0) if reserve else None)
                since = 0 if reserve else since
                arrived = pipeline.pop(0) or []
                ctx.set(dut.valid, bool(arrived))
                ctx.set(dut.last, bool(arrived) and not stripes and not any(pipeline))
                ctx.set(dut.stripe, [*arrived, *(rng.getrandbits(32) for _ in range(lanes - len(arrived)))])
                await ctx.tick()
            ctx.set(dut.reserve, 0)
            ctx.set(dut.valid, 0)
            while len(dones) <= passes.index(elements):
                await ctx.tick()

    async def watch(ctx):
        async for *_, done in ctx.tick().sample(dut.done):
            dones.extend([True] if done else [])

    async def sink(ctx):
        got.extend(await receive(ctx, dut.elements, len(expected), rng, stall))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(watch)
    simulator.add_testbench(unit)
    simulator.add_testbench(sink)
    run_with_deadline(simulator, 4000)
    assert got == expected and len(dones) == len(passes)


def test_the_first_element_leaves_five_cycles_after_its_stripe():
    """And the others one per cycle, from stripe to stripe."""
    inputs = [{"start": 1, "elements.ready": 1, "last_lane": 0}, {"start": 0, "reserve": 1}, {"reserve": 0},
              {"reserve": 1}, {"reserve": 0, "valid": 1, "stripe": [1, 2]}, {"valid": 0},
              {"valid": 1, "last": 1, "stripe": [3, 0]}, {"valid": 0}]
    got = run_cycles(ElementSerialiser(lanes=2), inputs, ["elements.valid", "elements.payload", "done"], tail=10)
    elements = [(cycle, payload["value"], payload["last"], done) for cycle, (valid, payload, done) in
                enumerate(zip(got["elements.valid"], got["elements.payload"], got["done"])) if valid]
    assert elements == [(4 + 5, 1, 0, 0), (5 + 5, 2, 0, 0), (6 + 5, 3, 1, 1)]


def test_a_queue_that_is_too_short():
    with pytest.raises(ValueError, match=r"^Queue of elements must hold two stripes of 8 at least, not 15 elements$"):
        ElementSerialiser(lanes=8, depth=15)
