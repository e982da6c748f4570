"""Words and bytes of the program memory."""

import random

import pytest

from soc.cpu.program_memory import ProgramMemory
from testing.processor_bus import accesses


@pytest.mark.parametrize("stall", [0, 0.4])
def test_it_is_a_memory(simulate, stall):
    rng = random.Random(5)
    content = rng.randbytes(50)
    dut, expected = ProgramMemory(size=64, content=content), bytearray(content.ljust(64, b"\0"))
    # Words that are written are read soon after; what lies above the memory is the memory again.
    steps = [(4 * rng.randrange(16) + 64 * rng.randrange(3), rng.choice([0, 0, 15, rng.randrange(16)]),
              rng.getrandbits(32)) for _ in range(400)]

    async def testbench(ctx):
        answers = accesses(ctx, dut.bus, steps, rng, stall)
        for place, strobes, data in steps:
            read, cycles = await anext(answers)
            word = slice(place % 64, place % 64 + 4)
            if not strobes:
                assert (read, cycles) == (int.from_bytes(expected[word], "little"), 3)
            else:
                assert cycles == 1
                expected[word] = bytes(new if strobes >> index & 1 else old for index, (old, new) in enumerate(
                    zip(expected[word], data.to_bytes(4, "little"))))

    simulate(dut, testbench)


@pytest.mark.parametrize("size, content, message", [
    (24, b"", "Bytes of the program memory must be a power of two, at least 8, not 24"),
    (4, b"", "Bytes of the program memory must be a power of two, at least 8, not 4"),
    (8, bytes(9), "Program must have at most 8 bytes, not 9"),
])
def test_what_cannot_be_is_refused(size, content, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        ProgramMemory(size=size, content=content)
