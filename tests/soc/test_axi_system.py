# amaranth: UnusedElaboratable=no
"""The system on AXI: the host's frames through registers, memory through two ports, with stalls on all of them."""

import random
import zlib

from amaranth.sim import Simulator
import pytest

from gateware.config import CONFIGS
from host.transport.frame_stream import FrameStream
from testing.axi_memory import AxiPorts
from testing.deadline import run_with_deadline
from testing.streams import receive, send
from soc.axi_system import AxiSystem
from soc.link.byte_registers import DATA, LEVELS, VALID_BIT
from soc.link.protocol import Frame, Opcode, Register, Status, encode

BASE, SIZE = 0x0800_0000, 16384
SMALL = CONFIGS["micro"].changed(name="small", dot={"slots": 1, "decoders": ()})


class Host:
    """A program on the processor: writes what LEVELS allows, reads while something is there."""

    def __init__(self, ctx, bus, rng, stall):
        self._ctx, self._bus, self._rng, self._stall = ctx, bus, rng, stall
        self._stream, self._sequence = FrameStream(), 0

    async def _read(self, address, beats):
        await send(self._ctx, self._bus.ar, [{"address": address, "more": beats - 1, "burst": 0, "id": 5}],
                   self._rng, self._stall)
        return [beat["data"] for beat in await receive(self._ctx, self._bus.r, beats, self._rng, self._stall)]

    async def _write(self, values):
        await send(self._ctx, self._bus.aw, [{"address": DATA, "more": len(values) - 1, "burst": 0, "id": 6}],
                   self._rng, self._stall)
        await send(self._ctx, self._bus.w, [{"data": value, "strobe": 15, "last": index == len(values) - 1}
                                            for index, value in enumerate(values)], self._rng, self._stall)
        reply, = await receive(self._ctx, self._bus.b, 1, self._rng, self._stall)
        assert reply == {"response": 0, "id": 6}

    async def ask(self, opcode, **fields):
        """Send a request, wait for its answer."""
        frame = encode(Frame(opcode=opcode, sequence=self._sequence, **fields))
        while frame:
            level, = await self._read(LEVELS, 1)
            part = frame[:min(16, level & 0xffff)]
            if part:
                await self._write(part)
            frame = frame[len(part):]
        answers = []
        while not answers:
            words = await self._read(DATA, 16)
            answers = self._stream.push(bytes(word & 0xff for word in words if word >> VALID_BIT))
        answer, = answers
        assert (answer.opcode, answer.status, answer.sequence) == (opcode, Status.OK, self._sequence)
        self._sequence += 1
        return answer


@pytest.mark.parametrize("bus_bits, seed, stall", [(64, 1, 0.0), (64, 2, 0.4), (128, 3, 0.2)])
def test_frames_reach_the_memory(bus_bits, seed, stall):
    config = SMALL.changed(memory={"bus_bits": bus_bits})
    dut = AxiSystem(config, memory_bytes=SIZE, base=BASE)
    rng = random.Random(seed)
    before, payload = rng.randbytes(SIZE), rng.randbytes(320)
    # Across a boundary of 4 KiB and into the next blocks of both ports.
    address = 4096 - 64
    content = bytearray(before)
    ports = AxiPorts(content, base=BASE, beat_bytes=8, seed=seed, stall=stall)

    async def testbench(ctx):
        host = Host(ctx, dut.bus, rng, stall)
        await host.ask(Opcode.CONNECT)
        assert (await host.ask(Opcode.READ_REGISTER, address=Register.MEMORY_BYTES)).value == SIZE
        answer = await host.ask(Opcode.READ_REGISTER, address=Register.CONFIG_LOW)
        assert answer.value == config.image_key & 0xffffffff
        await host.ask(Opcode.WRITE_MEMORY, address=address, payload=payload)
        answer = await host.ask(Opcode.READ_MEMORY, address=address - 32, value=384)
        after = before[:address] + payload + before[address + 320:]
        assert answer.payload == after[address - 32:address + 352]
        assert bytes(content) == after
        answer = await host.ask(Opcode.CRC_MEMORY, address=0, value=2 * 4096)
        assert answer.value == zlib.crc32(after[:2 * 4096])
        assert not ctx.get(dut.error) and not ctx.get(dut.busy)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    ports.add_reads(simulator, [dut.axi_read0, dut.axi_read1])
    ports.add_write(simulator, dut.axi_write)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 60_000)
    assert {port for port, _, _ in ports.bursts} == {-1, 0, 1}
    assert max(beats for _, _, beats in ports.bursts) == 16
