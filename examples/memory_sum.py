"""DRAM words through `NativeReader`, in a design of one's own: the sum of a block of memory.

The reader's two command ports and its word port are those of a LiteDRAM controller; here a model in the simulation
stands for it. From the top of the repository: ``python -m examples.memory_sum``.
"""

from collections import deque

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
import numpy as np

from gateware.dma.native_reader import NativeReader

ADDRESS_BITS, WORD_BITS, LATENCY = 20, 64, 9


class MemorySum(wiring.Component):
    """Adds up ``length`` words of 32 bits, from word ``address`` on, after a pulse of ``start``."""

    start: In(1)
    address: In(32)
    length: In(16)
    total: Out(32)
    done: Out(1)
    command0: Out(stream.Signature(ADDRESS_BITS))
    command1: Out(stream.Signature(ADDRESS_BITS))
    word_valid0: In(1)
    word_valid1: In(1)
    word: In(WORD_BITS)

    def elaborate(self, platform):
        m = Module()
        # A row of this DRAM has 2**8 native words; above it begins the bank.
        m.submodules.reader = reader = NativeReader(
            bus_bits=32, word_bits=WORD_BITS, address_bits=ADDRESS_BITS, bank_shift=8)
        wiring.connect(m, reader.command0, wiring.flipped(self.command0))
        wiring.connect(m, reader.command1, wiring.flipped(self.command1))
        left = Signal(16)
        m.d.comb += [
            reader.word_valid0.eq(self.word_valid0),
            reader.word_valid1.eq(self.word_valid1),
            reader.word.eq(self.word),
            # One burst; the reader has been idle for long, so that it takes it at once.
            reader.read_request.valid.eq(self.start),
            reader.read_request.p.address.eq(self.address),
            reader.read_request.p.length.eq(self.length),
            reader.read_data.ready.eq(1),
            self.done.eq(left == 0),
        ]
        with m.If(self.start):
            m.d.sync += [left.eq(self.length), self.total.eq(0)]
        with m.Elif(reader.read_data.valid):
            m.d.sync += [left.eq(left - 1), self.total.eq(self.total + reader.read_data.payload)]
        return m


def simulate(memory, address, length):
    """Sum of ``length`` words of ``memory`` (uint32) by the hardware, and the cycles that it took."""
    dut, result, native = MemorySum(), [], memory.view(np.uint64).tolist()

    async def dram(ctx):
        under_way = deque([(None, 0)] * LATENCY)
        ctx.set(dut.command0.ready, 1)
        ctx.set(dut.command1.ready, 1)
        ports = dut.command0.valid, dut.command0.payload, dut.command1.valid, dut.command1.payload
        async for *_, valid0, address0, valid1, address1 in ctx.tick().sample(*ports):
            under_way.append((0, address0) if valid0 else (1, address1) if valid1 else (None, 0))
            port, place = under_way.popleft()
            ctx.set(dut.word_valid0, port == 0)
            ctx.set(dut.word_valid1, port == 1)
            ctx.set(dut.word, native[place])

    async def user(ctx):
        ctx.set(dut.address, address)
        ctx.set(dut.length, length)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        cycles = 1
        while not ctx.get(dut.done):
            await ctx.tick()
            cycles += 1
        result.extend((ctx.get(dut.total), cycles))

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(user)
    simulator.add_testbench(dram, background=True)
    simulator.run()
    return tuple(result)


if __name__ == "__main__":
    words = np.random.default_rng(1).integers(0, 1 << 32, 4096, np.uint32)
    total, cycles = simulate(words, 123, 3000)
    print(f"sum {total:#010x}, in NumPy {words[123:3123].sum(dtype=np.uint32):#010x}, {cycles} cycles")
