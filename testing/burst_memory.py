"""Memory behind a memory port, for tests in Amaranth's own simulator."""

import random
from collections import deque

from testing.streams import receive, send

__all__ = ["BurstMemory"]


class BurstMemory:
    """DRAM with random latency and random stalls on every port.

    Parameters
    ----------
    words : list of int
        Content in bus words; writes change it.
    bus_bits : int
    seed : int
        Of latencies and stalls.
    latency : (int, int)
        Least and most cycles from accepting a burst to its first beat, or to reporting that it is written.
    stall : float
        Probability, 0 to below 1, that a port stalls in a cycle.

    Attributes
    ----------
    reads, writes : list of (int, int)
        Address and length of every burst, in the order of their acceptance.
    writing : int
        Bursts accepted and not reported as written.
    """

    def __init__(self, words, *, bus_bits, seed=0, latency=(2, 30), stall=0.2):
        self.words = words
        self.reads, self.writes = [], []
        self.writing = 0
        self._bus_bytes = bus_bits // 8
        self._latency, self._stall = latency, stall
        self._rngs = {name: random.Random(f"{seed} {name}") for name in ("requests", "data", "writes")}
        self._replies, self._acknowledgements = deque(), deque()
        self._now = 0

    def add_to(self, simulator, port):
        """Attach to a memory port, or to a block that has only its members for reading or for writing; call before
        running."""
        async def clock(ctx):
            async for _ in ctx.tick():
                self._now += 1

        def process(serve):
            async def run(ctx):
                await serve(ctx, port)
            return run

        simulator.add_process(clock)
        if hasattr(port, "read_request"):
            simulator.add_process(process(self._requests))
            simulator.add_process(process(self._data))
        if hasattr(port, "write_request"):
            simulator.add_process(process(self._writes))
            simulator.add_process(process(self._done))

    def _check(self, burst):
        address, length = burst["address"], burst["length"]
        if not (length and address + length <= len(self.words)):
            raise AssertionError(f"Burst of {length} words at {address} is outside a memory of "
                                 f"{len(self.words)}")
        return address, length

    def _due(self, rng):
        return self._now + rng.randint(*self._latency)

    async def _requests(self, ctx, port):
        rng = self._rngs["requests"]
        while True:
            burst, = await receive(ctx, port.read_request, 1, rng, self._stall)
            self.reads.append(self._check(burst))
            self._replies.append((self._due(rng), *self.reads[-1]))

    async def _data(self, ctx, port):
        while True:
            if not self._replies or self._replies[0][0] > self._now:
                await ctx.tick()
                continue
            _, address, length = self._replies.popleft()
            # Read when the beat goes out, so that a read which overtakes a write shows itself.
            beats = (self.words[address + beat] for beat in range(length))
            await send(ctx, port.read_data, beats, self._rngs["data"], self._stall)

    async def _writes(self, ctx, port):
        rng = self._rngs["writes"]
        while True:
            burst, = await receive(ctx, port.write_request, 1, rng, self._stall)
            address, length = self._check(burst)
            self.writes.append((address, length))
            self.writing += 1
            beats = await receive(ctx, port.write_data, length, rng, self._stall)
            self._acknowledgements.append((self._due(rng), address, beats))

    async def _done(self, ctx, port):
        while True:
            due = bool(self._acknowledgements) and self._acknowledgements[0][0] <= self._now
            if due:
                _, address, beats = self._acknowledgements.popleft()
                for offset, beat in enumerate(beats):
                    self._merge(address + offset, beat)
                self.writing -= 1
            ctx.set(port.write_done, due)
            await ctx.tick()

    def _merge(self, address, beat):
        mask = sum(0xff << 8 * byte for byte in range(self._bus_bytes) if beat["mask"] >> byte & 1)
        self.words[address] = self.words[address] & ~mask | beat["data"] & mask
