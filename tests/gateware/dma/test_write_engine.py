# amaranth: UnusedElaboratable=no
"""Write engine: memory ends as if each element had been written alone; words are gathered; idle tells the
truth."""

import random

import pytest
from amaranth.sim import Simulator

from gateware.dma.write_engine import WriteEngine
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline
from testing.streams import run_stream_test, send


def _runs(rng, count, size):
    """Runs of elements: consecutive, strided and random ones, the last of each marked."""
    writes = []
    for _ in range(count):
        size_bits, stride = rng.randrange(3), rng.choice([1, 1, 1, 5, 40])
        bytes_, length = 1 << size_bits, rng.randint(1, 12)
        first = rng.randrange((size - 4 - length * stride * bytes_) // bytes_)
        for element in range(length):
            writes.append({"address": (first + element * stride) * bytes_, "size": size_bits,
                           "data": rng.getrandbits(32), "last": element == length - 1})
    return writes


def _apply(memory, writes):
    for write in writes:
        size = 1 << write["size"]
        memory[write["address"]:write["address"] + size] = write["data"].to_bytes(4, "little")[:size]


@pytest.mark.parametrize("bus_bits", [32, 64, 256])
@pytest.mark.parametrize("seed", range(3))
def test_memory_holds_what_was_written(bus_bits, seed):
    rng, size = random.Random(f"{bus_bits} {seed}"), 4096
    bus_bytes = bus_bits // 8
    image = rng.randbytes(size)
    writes = _runs(rng, 60, size)
    expected = bytearray(image)
    _apply(expected, writes)
    words = [int.from_bytes(image[at:at + bus_bytes], "little") for at in range(0, size, bus_bytes)]
    stall = (0.0, 0.2, 0.7)[seed]
    dut = WriteEngine(bus_bits=bus_bits)
    dram = BurstMemory(words, bus_bits=bus_bits, seed=seed, stall=stall)

    async def testbench(ctx):
        for write in writes:
            await send(ctx, dut.writes, [write], rng, stall)
            assert not ctx.get(dut.idle)
            if write["last"] and rng.random() < 0.3:
                await ctx.tick().until(dut.idle)
                assert dram.writing == 0
        await ctx.tick().until(dut.idle)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 20_000)
    assert b"".join(word.to_bytes(bus_bytes, "little") for word in words) == bytes(expected)
    assert dram.writing == 0


def test_gathers_the_elements_of_a_word():
    """33 consecutive elements of 2 bytes, from byte 12 on: words of 8 bytes, first and last one in part."""
    writes = [{"address": 12 + 2 * n, "data": n + 1, "size": 1, "last": n == 32} for n in range(33)]
    image = bytearray(80)
    _apply(image, writes)
    beats = [{"data": int.from_bytes(image[at:at + 8], "little"),
              "mask": sum((12 <= at + byte < 78) << byte for byte in range(8))} for at in range(8, 80, 8)]
    got = run_stream_test(WriteEngine(bus_bits=64), inputs={"writes": writes}, deadline=2000,
                          outputs={"write_request": len(beats), "write_data": len(beats)})
    assert got["write_request"] == [{"address": address, "length": 1} for address in range(1, 10)]
    for beat, expected in zip(got["write_data"], beats, strict=True):
        care = sum(0xff << 8 * byte for byte in range(8) if expected["mask"] >> byte & 1)
        assert beat["mask"] == expected["mask"] and (beat["data"] ^ expected["data"]) & care == 0


def test_one_scattered_element_per_cycle():
    writes = [{"address": 64 * n, "data": n, "last": n == 59} for n in range(60)]
    run_stream_test(WriteEngine(bus_bits=64), inputs={"writes": writes}, stall=0, deadline=65,
                    outputs={"write_request": 60, "write_data": 60})


def test_width_is_checked():
    with pytest.raises(ValueError, match=r"^Bus width must be a power of two of at least 32, not 16$"):
        WriteEngine(bus_bits=16)
