"""Words of every beat of packed rows, against the lengths of their parts."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.part_counter import PartCounter
from gateware.isa import Scale
from testing.deadline import run_with_deadline


def counts(parts, rows, words):
    """What each beat takes: every part ends with a beat of what is left of it."""
    for _ in range(rows):
        for part in parts:
            yield from [words] * (part // words) + [part % words] * (part % words > 0)


@pytest.mark.parametrize("words", [1, 2, 4, 8])
@pytest.mark.parametrize("stall", [0, 0.4])
def test_commands_one_after_another(words, stall):
    """Packed rows of all parts and of some, begun eight cycles after the command; others take whole beats for ever."""
    rng, dut = np.random.default_rng(words), PartCounter(words)

    async def testbench(ctx):
        for index in range(24):
            vectors, bits, rows = int(rng.integers(1, 6)), int(rng.integers(2, 17)), int(rng.integers(1, 5))
            if index == 0:
                vectors, bits, rows = 1023, 2 * words, 1  # the longest that an instruction can say
            sub_bits, sub_vectors = int(rng.choice([0, 4, 6, 8])), int(rng.integers(1, 5))
            scale, scale_bytes = int(rng.choice([Scale.NONE, Scale.FP16, Scale.POWER])), int(rng.integers(1, 80))
            packed = int(index == 0 or rng.random() < 0.8)
            parts = [-(-scale_bytes // 4) if scale else 0, sub_vectors * sub_bits, vectors * bits]
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.active, {"packed": packed, "rows": rows, "vectors": vectors, "code_bits": bits, "scale": scale,
                                 "sub_bits": sub_bits})
            ctx.set(dut.last_scale_byte, scale_bytes - 1)
            ctx.set(dut.last_sub, sub_vectors - 1)
            for cycle in range(7 if packed else 1):
                assert not ctx.get(dut.running), cycle
                await ctx.tick()
            for count in counts(parts, rows, words) if packed else [words] * 50:
                while True:
                    assert ctx.get(dut.running) and ctx.get(dut.count) == count
                    taken = rng.random() >= stall
                    ctx.set(dut.taken, taken)
                    await ctx.tick()
                    if taken:
                        break
            ctx.set(dut.taken, 0)
            for _ in range(4):
                assert ctx.get(dut.running) == (not packed)
                await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 1_000_000)
