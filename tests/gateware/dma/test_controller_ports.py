# amaranth: UnusedElaboratable=no
"""Adapters of the memory port to LiteDRAM and AXI: the memory ends as it should, reads give what it holds."""

import random

import pytest
from amaranth.sim import Simulator

from gateware.dma.axi_reader import AxiReader
from gateware.dma.axi_writer import AxiWriter
from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from testing.axi_memory import AxiPorts
from testing.deadline import run_with_deadline
from testing.native_memory import NativeMemory
from testing.streams import receive, send

SIZE, BASE = 16384, 0x4000_0000
NATIVE = [(32, 16), (128, 16), (64, 128), (32, 128), (128, 128), (256, 128)]
AXI = [(64, 1), (128, 2), (256, 2), (128, 4)]


def _bursts(rng, words, count):
    """Bursts within so many words: some of one word, some that follow each other, some anywhere."""
    bursts, address = [], 0
    while len(bursts) < count:
        length = rng.choice([1, 1, 2, rng.randint(1, 70)])
        if rng.random() < 0.5:
            address = rng.randrange(words)
        if address + length > words:
            address = 0
        bursts.append({"address": address, "length": length})
        address += length
    return bursts


def _sender(port, values, seed, stall):
    async def process(ctx):
        await send(ctx, port, values, random.Random(f"{seed} send"), stall)
    return process


def _check_reads(dut, attach, *, bus_bits, seed):
    stall = (0.0, 0.3, 0.8)[seed % 3]
    rng = random.Random(f"{bus_bits} {seed}")
    content, bus_bytes = bytearray(rng.randbytes(SIZE)), bus_bits // 8
    bursts = _bursts(rng, SIZE // bus_bytes, 18)
    expected = [int.from_bytes(content[word * bus_bytes:(word + 1) * bus_bytes], "little")
                for burst in bursts for word in range(burst["address"], burst["address"] + burst["length"])]
    got = []

    async def testbench(ctx):
        got.extend(await receive(ctx, dut.read_data, len(expected), random.Random(f"{seed} take"), stall))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    attach(simulator, content, stall)
    simulator.add_process(_sender(dut.read_request, bursts, seed, stall))
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 60_000)
    assert got == expected


def _check_writes(dut, attach, *, bus_bits, seed):
    """Bytes arrive where their mask says, and a burst is reported when all of it is there, in order."""
    stall = (0.0, 0.3, 0.8)[seed % 3]
    rng = random.Random(f"{bus_bits} {seed}")
    content, bus_bytes = bytearray(rng.randbytes(SIZE)), bus_bits // 8
    bursts = _bursts(rng, SIZE // bus_bytes, 15)
    beats, after, image = [], [], bytearray(content)
    for burst in bursts:
        for word in range(burst["address"], burst["address"] + burst["length"]):
            mask = rng.choice([0, (1 << bus_bytes) - 1, 0b11 << rng.randrange(bus_bytes - 1),
                               rng.getrandbits(bus_bytes)])
            beats.append({"data": rng.getrandbits(bus_bits), "mask": mask})
            for byte in range(bus_bytes):
                if mask >> byte & 1:
                    image[word * bus_bytes + byte] = beats[-1]["data"] >> 8 * byte & 0xff
        begin, end = (burst["address"] + n * burst["length"] for n in (0, 1))
        after.append((begin * bus_bytes, bytes(image[begin * bus_bytes:end * bus_bytes])))

    async def testbench(ctx):
        for number, (place, data) in enumerate(after):
            await ctx.tick().until(dut.write_done)
            later = [range(other, other + len(more)) for other, more in after[number + 1:]]
            for byte, value in enumerate(data):
                # What a later burst writes as well may already be there.
                if not any(place + byte in each for each in later):
                    assert content[place + byte] == value
        assert content == image

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    attach(simulator, content, stall)
    simulator.add_process(_sender(dut.write_request, bursts, seed, stall))
    simulator.add_process(_sender(dut.write_data, beats, f"{seed} data", stall))
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 120_000)


@pytest.mark.parametrize("bus_bits,word_bits", NATIVE)
@pytest.mark.parametrize("seed", range(3))
def test_native_reads(bus_bits, word_bits, seed):
    dut = NativeReader(bus_bits=bus_bits, word_bits=word_bits, address_bits=20, bank_shift=3, depth=(2, 8, 32)[seed])

    def attach(simulator, content, stall):
        NativeMemory(content, word_bytes=word_bits // 8, seed=seed, stall=stall).add_to(simulator, dut)

    _check_reads(dut, attach, bus_bits=bus_bits, seed=seed)


@pytest.mark.parametrize("bus_bits,word_bits", NATIVE)
@pytest.mark.parametrize("seed", range(3))
def test_native_writes(bus_bits, word_bits, seed):
    dut = NativeWriter(bus_bits=bus_bits, word_bits=word_bits, address_bits=20)

    def attach(simulator, content, stall):
        NativeMemory(content, word_bytes=word_bits // 8, seed=seed, stall=stall).add_to(simulator, dut)

    _check_writes(dut, attach, bus_bits=bus_bits, seed=seed)


@pytest.mark.parametrize("bus_bits,ports", AXI)
@pytest.mark.parametrize("seed", range(3))
def test_axi_reads(bus_bits, ports, seed):
    dut = AxiReader(bus_bits=bus_bits, ports=ports, base=BASE, depth=(16, 32, 64)[seed])
    model = []

    def attach(simulator, content, stall):
        model.append(AxiPorts(content, base=BASE, beat_bytes=8, seed=seed, stall=stall))
        model[0].add_reads(simulator, [getattr(dut, f"port{number}") for number in range(ports)])

    _check_reads(dut, attach, bus_bits=bus_bits, seed=seed)
    assert all(port == address // 128 % ports for port, address, _ in model[0].bursts)


@pytest.mark.parametrize("bus_bits", [64, 128, 256])
@pytest.mark.parametrize("seed", range(3))
def test_axi_writes(bus_bits, seed):
    dut = AxiWriter(bus_bits=bus_bits, base=BASE)

    def attach(simulator, content, stall):
        AxiPorts(content, base=BASE, beat_bytes=8, seed=seed, stall=stall).add_write(simulator, dut.port)

    _check_writes(dut, attach, bus_bits=bus_bits, seed=seed)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"^Native width must be a power of two of at least 8, not 24$"):
        NativeReader(bus_bits=32, word_bits=24, address_bits=20, bank_shift=3)
    with pytest.raises(ValueError, match=r"^Bus width must be a power of two of at least 8, not 4$"):
        NativeWriter(bus_bits=4, word_bits=16, address_bits=20)
    with pytest.raises(ValueError, match=r"^Bus width must be 1, 2, 4, 8 or 16 times the 64 bits of a port, not 32$"):
        AxiReader(bus_bits=32)
    with pytest.raises(ValueError, match=r"^Number of ports must be 1, 2 or 4, not 3$"):
        AxiReader(bus_bits=64, ports=3)
    with pytest.raises(ValueError, match=r"^Base address must be a multiple of 4096, not 512$"):
        AxiWriter(bus_bits=64, base=512)
    with pytest.raises(ValueError, match=r"^FIFO depth must be 8\.\.64, not 4$"):
        AxiReader(bus_bits=128, depth=4)
