# amaranth: UnusedElaboratable=no
"""The link's bytes as registers on AXI: nothing lost or repeated, whatever waits."""

import random

from amaranth.sim import Simulator
import pytest

from testing.deadline import run_with_deadline
from testing.streams import receive, send
from soc.link.axi_port import AxiLinkPort
from soc.link.byte_registers import DATA, LEVELS, VALID_BIT

FIXED, INCREMENTING = 0, 1


class Bench:
    """A port with processes on its channels; everything that arrives is kept."""

    def __init__(self, *, seed, stall, depth=80):
        self.dut = AxiLinkPort(id_bits=4, depth=depth)
        self.seed, self.stall, self.dropped = seed, stall, 0
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1e-6)
        self.simulator.add_process(self._count)

    async def _count(self, ctx):
        async for *_, dropped in ctx.tick().sample(self.dut.dropped):
            self.dropped += dropped

    def rng(self, name):
        return random.Random(f"{self.seed} {name}")

    def send(self, stream, values, name):
        async def process(ctx):
            await send(ctx, stream, values, self.rng(name), self.stall)
        self.simulator.add_process(process)

    def receive(self, stream, count, name):
        received = []

        async def testbench(ctx):
            received.extend(await receive(ctx, stream, count, self.rng(name), self.stall))
        self.simulator.add_testbench(testbench)
        return received


def _bursts(rng, beats):
    """Lengths of bursts that are so many beats together."""
    lengths = []
    while sum(lengths) < beats:
        lengths.append(min(rng.randint(1, 16), beats - sum(lengths)))
    return lengths


STALLS = [(0, 0.0), (1, 0.3), (2, 0.8)]


@pytest.mark.parametrize("seed, stall", STALLS)
def test_what_is_written_arrives(seed, stall):
    """In bursts at one address, some of the bytes without a strobe."""
    bench, rng = Bench(seed=seed, stall=stall), random.Random(seed)
    beats = [{"data": rng.getrandbits(32), "strobe": rng.choice([1, 15, 14])} for _ in range(70)]
    wanted = [beat["data"] & 0xff for beat in beats if beat["strobe"] & 1]
    bursts, last = [], []
    for length in _bursts(rng, len(beats)):
        bursts.append({"address": 0x4000_0000 + DATA, "more": length - 1, "burst": FIXED, "id": rng.getrandbits(4)})
        last += [False] * (length - 1) + [True]
    bench.send(bench.dut.bus.aw, bursts, "aw")
    bench.send(bench.dut.bus.w, [beat | {"last": end} for beat, end in zip(beats, last)], "w")
    replies = bench.receive(bench.dut.bus.b, len(bursts), "b")
    got = bench.receive(bench.dut.to_link, len(wanted), "link")
    run_with_deadline(bench.simulator, 5000)
    assert got == wanted and bench.dropped == 0
    assert replies == [{"response": 0, "id": burst["id"]} for burst in bursts]


@pytest.mark.parametrize("seed, stall", STALLS)
def test_what_the_link_sends_is_read_once(seed, stall):
    """In bursts at one address, until nothing is left for a while."""
    bench, rng = Bench(seed=seed, stall=stall), random.Random(seed)
    sent = [rng.getrandbits(8) for _ in range(60)]
    lengths = _bursts(rng, 700)
    bursts = [{"address": DATA, "more": length - 1, "burst": FIXED, "id": rng.getrandbits(4)} for length in lengths]
    bench.send(bench.dut.from_link, sent, "link")
    bench.send(bench.dut.bus.ar, bursts, "ar")
    replies = bench.receive(bench.dut.bus.r, sum(lengths), "r")
    run_with_deadline(bench.simulator, 20_000)
    assert [reply["data"] & 0xff for reply in replies if reply["data"] >> VALID_BIT] == sent
    assert all(reply["data"] >> VALID_BIT in (0, 1) and reply["response"] == 0 for reply in replies)
    assert [reply["last"] for reply in replies] == [
        beat == length - 1 for length in lengths for beat in range(length)]
    assert [reply["id"] for reply in replies] == [burst["id"] for burst in bursts for _ in range(burst["more"] + 1)]


def test_levels_and_bytes_without_room():
    """The link takes nothing: what LEVELS allows is kept, the rest is reported."""
    bench = Bench(seed=0, stall=0.0)
    dut, sent = bench.dut, [1, 2, 3]
    write = {"address": DATA, "more": 15, "burst": FIXED, "id": 0}
    pair = {"address": DATA, "more": 1, "burst": INCREMENTING, "id": 0}
    levels = {"address": LEVELS, "more": 0, "burst": INCREMENTING, "id": 0}

    async def testbench(ctx):
        async def read(burst):
            await send(ctx, dut.bus.ar, [burst])
            return [beat["data"] for beat in await receive(ctx, dut.bus.r, burst["more"] + 1)]

        await send(ctx, dut.from_link, sent)
        await ctx.tick().repeat(8)
        assert await read(levels) == [3 << 16 | 80]
        for number in range(7):
            await send(ctx, dut.bus.aw, [write])
            await send(ctx, dut.bus.w, [{"data": 16 * number + beat, "strobe": 15, "last": beat == 15}
                                        for beat in range(16)])
            await receive(ctx, dut.bus.b, 1)
        # A pair of registers in a burst, twice: a byte each, and what is left then.
        assert await read(pair) == [1 << VALID_BIT | 1, 2 << 16]
        assert await read(pair) == [1 << VALID_BIT | 2, 1 << 16]
        # Nothing is pushed at the address of LEVELS.
        await send(ctx, dut.bus.aw, [levels])
        await send(ctx, dut.bus.w, [{"data": 7, "strobe": 15, "last": 1}])
        await receive(ctx, dut.bus.b, 1)
        kept = 7 * 16 - bench.dropped
        assert 80 <= kept <= 84
        assert await receive(ctx, dut.to_link, kept) == list(range(kept))
        assert not ctx.get(dut.to_link.valid)

    bench.simulator.add_testbench(testbench)
    run_with_deadline(bench.simulator, 2000)


@pytest.mark.parametrize("depth", [1, 1 << 16])
def test_bad_depth(depth):
    with pytest.raises(ValueError, match=rf"^Bytes of a FIFO must be 2\.\.65535, not {depth}$"):
        AxiLinkPort(depth=depth)
