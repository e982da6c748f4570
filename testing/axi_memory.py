"""AXI memory ports, for tests in Amaranth's own simulator."""

import random
from collections import deque

from testing.streams import receive, send

__all__ = ["AxiPorts"]


class AxiPorts:
    """Ports of one memory: random stalls on every channel, ports independent of each other, checked
    addresses.

    Parameters
    ----------
    content : bytearray
    base : int
        AXI address of the content.
    beat_bytes : int
    seed : int
    stall : float
        Probability, 0 to below 1, that a channel stalls in a cycle.

    Attributes
    ----------
    bursts : list of (int, int, int)
        Port (-1: writing), address and beats of every burst.
    """

    def __init__(self, content, *, base, beat_bytes, seed, stall):
        self.content, self.bursts = content, []
        self._base, self._bytes, self._seed, self._stall = base, beat_bytes, seed, stall

    def add_reads(self, simulator, ports):
        """Attach the ports for reading."""
        for number, port in enumerate(ports):
            self._add_read(simulator, number, port)

    def _take(self, port, burst):
        """Place of a burst in the content, and its beats."""
        address, beats = burst["address"], burst["more"] + 1
        end = address + beats * self._bytes
        assert address % self._bytes == 0 and beats <= 16
        assert address // 4096 == (end - 1) // 4096, f"{beats} beats at {address:#x} cross a boundary of 4 KiB"
        assert self._base <= address and end <= self._base + len(self.content)
        self.bursts.append((port, address, beats))
        return address - self._base, beats

    def _add_read(self, simulator, number, port):
        waiting, rng = deque(), random.Random(f"{self._seed} {number}")

        async def addresses(ctx):
            while True:
                burst, = await receive(ctx, port.ar, 1, rng, self._stall)
                waiting.append(self._take(number, burst))

        async def data(ctx):
            while True:
                if not waiting or rng.random() < 0.1:
                    await ctx.tick()
                    continue
                place, beats = waiting.popleft()
                for beat in range(beats):
                    at = place + beat * self._bytes
                    word = int.from_bytes(self.content[at:at + self._bytes], "little")
                    await send(ctx, port.r, [{"data": word, "last": beat == beats - 1}], rng, self._stall)

        simulator.add_process(addresses)
        simulator.add_process(data)

    def add_write(self, simulator, port):
        """Attach the port for writing."""
        addresses, words, replies = deque(), deque(), deque()
        rngs = [random.Random(f"{self._seed} write {channel}") for channel in range(3)]

        async def take_addresses(ctx):
            while True:
                burst, = await receive(ctx, port.aw, 1, rngs[0], self._stall)
                addresses.append(self._take(-1, burst))

        async def take_data(ctx):
            while True:
                words.extend(await receive(ctx, port.w, 1, rngs[1], self._stall))

        async def reply(ctx):
            while True:
                if not addresses or len(words) < addresses[0][1]:
                    await ctx.tick()
                    continue
                place, beats = addresses.popleft()
                for beat in range(beats):
                    word = words.popleft()
                    assert word["last"] == (beat == beats - 1)
                    for byte in range(self._bytes):
                        if word["strobe"] >> byte & 1:
                            self.content[place + beat * self._bytes + byte] = word["data"] >> 8 * byte & 0xff
                await send(ctx, port.b, [{"response": 0}], rngs[2], self._stall)

        for process in (take_addresses, take_data, reply):
            simulator.add_process(process)
