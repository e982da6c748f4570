"""Fetch through the read engine: every instruction once and in order, up to END, again and again."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from gateware.control.fetch import ProgramFetch
from gateware.dma.read_engine import ReadEngine
from gateware.isa import FIELDS, INSTRUCTION_BITS, Instruction, encode
from gateware.layouts import BurstRequest, InstructionLayout
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline
from testing.streams import receive


class _FetchAndReader(wiring.Component):
    def __init__(self, bus_bits):
        self.fetch = ProgramFetch(bus_bits=bus_bits)
        self.reader = ReadEngine(bus_bits=bus_bits, depth=16)
        super().__init__({
            "read_request": Out(stream.Signature(BurstRequest)),
            "read_data": In(stream.Signature(bus_bits)),
            "instruction": Out(stream.Signature(InstructionLayout)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.fetch, m.submodules.reader = fetch, reader = self.fetch, self.reader
        connect(m, fetch.reads, reader.instructions)
        connect(m, reader.program, fetch.beats)
        connect(m, reader.read_request, flipped(self.read_request))
        connect(m, flipped(self.read_data), reader.read_data)
        connect(m, fetch.instruction, flipped(self.instruction))
        return m


def _random_instruction(rng, opcode):
    values = {field.name: rng.getrandbits(field.bits) for field in FIELDS}
    return Instruction(**values | {"opcode": opcode})


@pytest.mark.parametrize("bus_bits", [32, 128, 256])
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_reads_the_program_up_to_its_end(bus_bits, stall):
    rng = random.Random(f"{bus_bits} {stall}")
    size, bus_bytes = INSTRUCTION_BITS // 8, bus_bits // 8
    lengths = [1, 2, 12, 7]
    programs = [[encode(_random_instruction(rng, rng.randint(1, 2))) for _ in range(length - 1)]
                + [encode(_random_instruction(rng, 0))] for length in lengths]
    # Each is followed by instructions that must not come out.
    beyond = [encode(_random_instruction(rng, 1)) for _ in range(8)]
    image, starts = bytearray(size), []
    for program in programs:
        starts.append(len(image) // bus_bytes)
        image += b"".join(program + beyond)
    words = [int.from_bytes(image[at:at + bus_bytes], "little") for at in range(0, len(image), bus_bytes)]
    dut = _FetchAndReader(bus_bits)

    async def testbench(ctx):
        for program, start in zip(programs, starts):
            ctx.set(dut.fetch.program, start)
            ctx.set(dut.fetch.start, 1)
            await ctx.tick()
            ctx.set(dut.fetch.start, 0)
            assert not ctx.get(dut.fetch.idle)
            got = await receive(ctx, dut.instruction, len(program), rng, stall)
            words = [InstructionLayout.const(word).as_bits() for word in got]
            assert [word.to_bytes(size, "little") for word in words] == program
            ctx.set(dut.instruction.ready, 1)
            await ctx.tick().until(dut.fetch.idle)
            assert not ctx.get(dut.instruction.valid)
            ctx.set(dut.instruction.ready, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    BurstMemory(words, bus_bits=bus_bits, stall=stall).add_to(simulator, dut)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 10_000)
