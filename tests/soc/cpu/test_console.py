"""Bytes between terminal and registers."""

import random

import pytest

from soc.cpu.console import Console
from soc.cpu.map import ConsoleRegister
from testing.processor_bus import access
from testing.streams import receive, send


@pytest.mark.parametrize("stalls", [(0, 0), (0.5, 0.5), (0.9, 0), (0, 0.9)])
def test_nothing_is_lost(simulate, stalls):
    """Either way at once, as long as the processor looks before it writes."""
    dut = Console(depth=4)
    rng = random.Random(7)
    there, back = list(rng.randbytes(60)), list(rng.randbytes(60))
    got = {}

    async def keyboard(ctx):
        await send(ctx, dut.typed, there, random.Random(1), stalls[0])

    async def screen(ctx):
        got["shown"] = await receive(ctx, dut.shown, len(back), random.Random(2), stalls[1])

    async def processor(ctx):
        read, left = [], list(back)
        while len(read) < len(there) or left:
            if rng.random() < 0.5:
                word, cycles = await access(ctx, dut.bus, ConsoleRegister.DATA)
                assert cycles == 1 and (word >> 8 == 1 or word >> 9 == 0)
                if word >> 8:
                    read.append(word & 0xFF)
            elif left and (await access(ctx, dut.bus, ConsoleRegister.STATUS))[0] == 1:
                # What stands beside the byte does not matter; without its strobe it is no byte.
                await access(ctx, dut.bus, ConsoleRegister.DATA, strobes=0b1110, data=0x55)
                await access(ctx, dut.bus, ConsoleRegister.DATA, strobes=0b0001, data=0xABCDEF00 | left.pop(0))
        got["typed"] = read

    simulate(dut, keyboard, screen, processor)
    assert got == {"typed": there, "shown": back}


def test_without_room_bytes_are_lost(simulate):
    dut = Console(depth=4)
    got = []

    async def testbench(ctx):
        sent = 0
        while (await access(ctx, dut.bus, ConsoleRegister.STATUS))[0]:
            await access(ctx, dut.bus, ConsoleRegister.DATA, strobes=1, data=sent)
            sent += 1
        await access(ctx, dut.bus, ConsoleRegister.DATA, strobes=1, data=0xEE)
        # A write to STATUS is nothing.
        await access(ctx, dut.bus, ConsoleRegister.STATUS, strobes=15, data=0xDD)
        got.extend(await receive(ctx, dut.shown, sent))
        assert sent >= 4 and got == list(range(sent)) and not ctx.get(dut.shown.valid)

    simulate(dut, testbench)
