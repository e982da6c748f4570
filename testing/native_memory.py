"""A LiteDRAM controller's native ports, for tests in Amaranth's own simulator."""

import random
from collections import deque

from testing.streams import receive

__all__ = ["NativeMemory"]


class NativeMemory:
    """Executes the commands of each port in order, those of different ports in any order, one per cycle at
    most.

    Words of a read port come as pulses that cannot be refused; data of a write are taken when it is executed.

    Parameters
    ----------
    content : bytearray
    word_bytes : int
    seed : int
    stall : float
        Probability, 0 to below 1, that a port does not accept a command in a cycle, and that nothing is
        executed.

    Attributes
    ----------
    commands : int
        Commands executed.
    """

    def __init__(self, content, *, word_bytes, seed, stall):
        self.content, self.commands = content, 0
        self._bytes, self._seed, self._stall = word_bytes, seed, stall
        self._waiting = {}

    def add_to(self, simulator, dut):
        """Attach to the native ports that ``dut`` has, of a reader or a writer."""
        self._waiting = {name: deque() for name in ("command0", "command1", "command") if hasattr(dut, name)}

        def accept(name):
            async def process(ctx):
                rng = random.Random(f"{self._seed} {name}")
                while True:
                    self._waiting[name] += await receive(ctx, getattr(dut, name), 1, rng, self._stall)
            return process

        async def execute(ctx):
            rng = random.Random(f"{self._seed} execute")
            while True:
                ready = [name for name, addresses in self._waiting.items() if addresses]
                if not ready or rng.random() < self._stall:
                    await ctx.tick()
                    continue
                name = rng.choice(ready)
                place = self._waiting[name].popleft() * self._bytes
                self.commands += 1
                if name == "command":
                    ctx.set(dut.word_ready, 1)
                    _, _, word, mask = await ctx.tick().sample(dut.word, dut.mask)
                    ctx.set(dut.word_ready, 0)
                    for byte in range(self._bytes):
                        if mask >> byte & 1:
                            self.content[place + byte] = word >> 8 * byte & 0xff
                else:
                    valid = getattr(dut, f"word_valid{name[-1]}")
                    ctx.set(dut.word, int.from_bytes(self.content[place:place + self._bytes], "little"))
                    ctx.set(valid, 1)
                    await ctx.tick()
                    ctx.set(valid, 0)

        for name in self._waiting:
            simulator.add_process(accept(name))
        simulator.add_process(execute)
