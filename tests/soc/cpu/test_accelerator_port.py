"""The register file of a board between the link and the processor."""

import random

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from gateware.control_port import ControlPort
from soc.cpu.accelerator_port import AcceleratorPort
from soc.cpu.bus import ProcessorBus
from soc.cpu.map import AcceleratorRegister, OwnBit, StateBit, WindowError
from soc.link.protocol import Fault, GUARDED_VERSION, Register
from soc.register_port import RegisterPort
from soc.register_switch import RegisterSwitch
from soc.registers import Registers
from testing.processor_bus import access

R = AcceleratorRegister


class _Board(wiring.Component):
    """Port, switch and registers; the link is played by the test."""

    bus: In(ProcessorBus)
    link: In(RegisterPort)
    control: Out(ControlPort)
    abort: Out(1)
    fault: In(Fault)
    flush: Out(1)
    flushed: In(1)
    ready: In(1)
    unavailable: In(1)
    outside: In(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.port, m.submodules.switch = port, switch = AcceleratorPort(), RegisterSwitch()
        m.submodules.registers = registers = Registers(identity=0x1234, bus_bytes=8, memory_bytes=64, guarded=True)
        connect(m, flipped(self.bus), port.bus)
        connect(m, port.registers, switch.processor)
        connect(m, flipped(self.link), switch.link)
        connect(m, registers.control, flipped(self.control))
        for name in ("index", "write", "data"):
            m.d.comb += getattr(registers, name).eq(getattr(switch, name))
        for name in ("value", "readable", "writable", "allowed"):
            m.d.comb += getattr(switch, name).eq(getattr(registers, name))
        for name in ("ready", "unavailable", "outside", "flushed"):
            m.d.comb += getattr(port, name).eq(getattr(self, name))
        m.d.comb += [
            switch.claimed.eq(port.claimed), switch.busy.eq(self.control.busy), port.busy.eq(self.control.busy),
            port.link.eq(self.link.use), port.link_writes.eq(self.link.use & self.link.granted & self.link.write),
            self.flush.eq(port.flush), self.abort.eq(registers.abort), registers.fault.eq(self.fault),
        ]
        return m


async def _write(ctx, dut, register, value=1):
    return (await access(ctx, dut.bus, 0xb000_0000 + register, strobes=15, data=value))[1]


async def _read(ctx, dut, register):
    return (await access(ctx, dut.bus, 0xb000_0000 + register))[0]


def test_registers_of_the_board():
    dut = _Board()
    pulses = []

    async def watch(ctx):
        async for *_, load, start, abort, token, member in ctx.tick().sample(
                dut.control.load, dut.control.start, dut.abort, dut.control.token, dut.control.member):
            pulses.extend([("load", member, token)] * load + ["start"] * start + ["abort"] * abort)

    async def processor(ctx):
        ctx.set(dut.fault, Fault.OUTSIDE)
        ctx.set(dut.control.argmax, 77)
        for register, value in {R.VERSION: GUARDED_VERSION, R.CONFIG_LOW: 0x1234, R.BUS_BYTES: 8, R.MEMORY_BYTES: 64,
                                R.FAULT: 2, R.ARGMAX: 77, R.BUSY: 0, R.START: 0, R.ABORT: 0, 4 * 99: 0}.items():
            assert await _read(ctx, dut, register) == value
        await _write(ctx, dut, R.POSITION, 9)
        await _write(ctx, dut, R.PROGRAM, 1 << 30)
        await _write(ctx, dut, R.MEMBER, 3)
        assert await _read(ctx, dut, R.TOKEN_BOUND) == (1 << 32) - 1
        await _write(ctx, dut, R.TOKEN_BOUND, 501)
        assert await _read(ctx, dut, R.TOKEN_BOUND) == 501
        assert await _write(ctx, dut, R.TOKEN, 500) == 4
        await _write(ctx, dut, R.TOKEN, 501)
        assert await _read(ctx, dut, R.WINDOW_ERRORS) == 1 << WindowError.REGISTER
        await _write(ctx, dut, R.WINDOW_ERRORS)
        # What cannot be written is not.
        for register in (R.VERSION, R.FAULT, R.ARGMAX, 4 * 16, 4 * (32 + Register.START)):
            await _write(ctx, dut, register)
        assert [await _read(ctx, dut, register) for register in (R.POSITION, R.PROGRAM, R.MEMBER)] == [9, 1 << 30, 3]
        await _write(ctx, dut, R.START)
        assert await _read(ctx, dut, R.WINDOW_ERRORS) == 0
        # While the accelerator is running it has its registers for itself, but it can be stopped.
        ctx.set(dut.control.busy, 1)
        for register in (R.POSITION, R.TOKEN, R.START):
            await _write(ctx, dut, register, 1)
        assert await _read(ctx, dut, R.BUSY) == 1 and await _read(ctx, dut, R.POSITION) == 9
        assert await _read(ctx, dut, R.WINDOW_ERRORS) == 1 << WindowError.REGISTER
        await _write(ctx, dut, R.ABORT)
        await ctx.tick().repeat(3)
        assert pulses == [("load", 3, 500), "start", "abort"]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(watch)
    simulator.add_testbench(processor)
    simulator.run()


def test_state_and_errors(simulate):
    dut = _Board()

    async def processor(ctx):
        assert await _read(ctx, dut, R.STATE) == 0
        for port, bit in (
                (dut.ready, StateBit.READY), (dut.control.busy, StateBit.BUSY), (dut.link.use, StateBit.LINK)):
            ctx.set(port, 1)
            assert await _read(ctx, dut, R.STATE) == 1 << bit
            await _write(ctx, dut, R.STATE, 0)
            ctx.set(port, 0)
        expected = 0
        for ready, port, error in ((0, dut.unavailable, WindowError.NOT_READY), (1, dut.unavailable, WindowError.BUSY),
                                   (1, dut.outside, WindowError.OUTSIDE)):
            ctx.set(dut.ready, ready)
            ctx.set(port, 1)
            await ctx.tick()
            ctx.set(port, 0)
            expected |= 1 << error
            assert await _read(ctx, dut, R.WINDOW_ERRORS) == expected
        await _write(ctx, dut, R.WINDOW_ERRORS)
        assert await _read(ctx, dut, R.WINDOW_ERRORS) == 0
        # A write to WINDOW_FLUSH ends with the flush; a read is none.
        assert await _read(ctx, dut, R.WINDOW_FLUSH) == 0 and not ctx.get(dut.flush)
        bus = dut.bus
        for member, value in (bus.address, 0xb000_0000 + R.WINDOW_FLUSH), (bus.strobes, 15), (bus.valid, 1):
            ctx.set(member, value)
        for _ in range(10):
            await ctx.tick()
            assert not ctx.get(bus.ready)
        assert ctx.get(dut.flush)
        ctx.set(dut.flushed, 1)
        assert ctx.get(bus.ready)
        await ctx.tick()
        ctx.set(dut.flushed, 0)
        ctx.set(bus.valid, 0)
        await ctx.tick()
        assert not ctx.get(dut.flush)

    simulate(dut, processor)


def test_link_and_processor_take_turns(simulate):
    """Both write registers of their own at random: each finds what it has written; a claim is busy to the link."""
    dut, rng = _Board(), random.Random(4)
    link_done = []

    async def link(ctx):
        port, mine = dut.link, random.Random(5)
        for _ in range(60):
            await ctx.tick().repeat(mine.randrange(1, 30))
            value = mine.getrandbits(16)
            ctx.set(port.use, 1)
            ctx.set(port.index, Register.POSITION)
            ctx.set(port.data, value)
            while not ctx.get(port.granted):
                await ctx.tick()
            await ctx.tick().repeat(mine.randrange(1, 9))
            assert ctx.get(port.granted)
            ctx.set(port.write, 1)
            await ctx.tick()
            ctx.set(port.write, 0)
            await ctx.tick().repeat(Registers.LATENCY + 1)
            assert ctx.get(port.value) == value and ctx.get(dut.control.position) == value
            ctx.set(port.use, 0)
        link_done.append(1)

    async def processor(ctx):
        written = 0
        while not link_done:
            if rng.random() < 0.5:
                written = rng.getrandbits(32)
                await _write(ctx, dut, R.PROGRAM, written)
            assert await _read(ctx, dut, R.PROGRAM) == written
        assert await _read(ctx, dut, R.OWN) == 1 << OwnBit.LINK
        await _write(ctx, dut, R.OWN, 1)
        assert await _read(ctx, dut, R.OWN) == 1 << OwnBit.OWN
        assert ctx.get(dut.link.busy) and await _read(ctx, dut, R.BUSY) == 0
        await _write(ctx, dut, R.PROGRAM, 6)
        await _write(ctx, dut, R.OWN, 0)
        assert not ctx.get(dut.link.busy) and ctx.get(dut.control.program) == 6

    simulate(dut, link, processor)
