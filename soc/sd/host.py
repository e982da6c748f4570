"""The reader of an SD card, as registers of the board's processor."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.memory_port import MemoryPort
from soc.cpu.bus import ProcessorBus
from soc.cpu.map import SdCommandBit, SdRegister, SdStateBit
from soc.sd.block_receiver import BlockReceiver
from soc.sd.block_writer import BlockWriter
from soc.sd.clock import SdClock
from soc.sd.command_line import CommandLine
from soc.sd.pins import SdPins

__all__ = ["SdHost"]


class SdHost(wiring.Component):
    """Commands go to the card as the processor says; blocks go past it, from the card's pins into DRAM.

    ::

        bus --> registers --> CommandLine ---------------> cmd
                    |     '-> SdClock -------------------> clk
                    '-------> BlockReceiver <------------- dat
                                   '--> BlockWriter --> memory

    A transfer of blocks is begun before the command that makes the card send them, as a card may be quick. It ends
    when all blocks lie in DRAM, or one came damaged; the blocks before that one are in DRAM, and COUNT says how many
    are not. Nothing ends it if the card says nothing: firmware looks at the clock, and stops it with a COUNT of 0.

    Every access takes one cycle. At four bits a clock, and four cycles a clock, 100 MHz, a card can give 12.5 million
    bytes a second less what lies between its blocks.

    Parameters
    ----------
    bus_bits : int
        Of the memory port.

    Members
    -------
    bus : In(ProcessorBus)
        :class:`soc.cpu.map.SdRegister`.
    card : Out(SdPins)
    memory : Out(MemoryPort)
        Writes alone.
    """

    SLOWEST = 1023
    """Cycles of the card's clock after a reset."""

    def __init__(self, *, bus_bits):
        self._bus_bits = bus_bits
        super().__init__({
            "bus": In(ProcessorBus),
            "card": Out(SdPins),
            "memory": Out(MemoryPort(bus_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.clock = clock = SdClock()
        m.submodules.line = line = CommandLine()
        m.submodules.receiver = receiver = BlockReceiver()
        m.submodules.writer = writer = BlockWriter(bus_bits=self._bus_bits)
        connect(m, writer.memory, flipped(self.memory))
        pins, bus = self.card, self.bus
        m.d.comb += [
            pins.clk.eq(clock.clk), pins.cmd_o.eq(line.o), pins.cmd_oe.eq(line.oe), line.i.eq(pins.cmd_i),
            receiver.dat.eq(pins.dat_i), clock.stop.eq(receiver.stop), receiver.hold.eq(writer.hold),
        ]
        for unit in (line, receiver):
            m.d.comb += unit.sample.eq(clock.sample)
        m.d.comb += line.drive.eq(clock.drive)
        for name in ("byte", "valid", "done", "good"):
            m.d.comb += getattr(writer, name).eq(getattr(receiver, name))

        period = Signal(10, init=self.SLOWEST)
        wide = Signal()
        expected, left = Signal(24), Signal(24)  # blocks: that the card has yet to send; that are not in DRAM
        damaged = Signal()
        m.d.comb += [clock.period.eq(period), receiver.wide.eq(wide), receiver.run.eq(expected != 0),
                     writer.address.eq(bus.write_data // (self._bus_bits // 8))]
        with m.If(receiver.done):
            m.d.sync += expected.eq(expected - 1)
            with m.If(~receiver.good):
                m.d.sync += [expected.eq(0), damaged.eq(1)]
        with m.If(writer.written & (left != 0)):
            m.d.sync += left.eq(left - 1)

        write = bus.valid & bus.strobes.all()
        m.d.comb += bus.ready.eq(1)
        m.d.sync += line.start.eq(0)
        with m.Switch(bus.address[2:6] << 2):
            with m.Case(SdRegister.CLOCK):
                m.d.comb += bus.read_data.eq(period)
                with m.If(write):
                    m.d.sync += period.eq(bus.write_data)
            with m.Case(SdRegister.WIDE):
                m.d.comb += bus.read_data.eq(wide)
                with m.If(write):
                    m.d.sync += wide.eq(bus.write_data)
            with m.Case(SdRegister.ARGUMENT):
                m.d.comb += bus.read_data.eq(line.argument)
                with m.If(write):
                    m.d.sync += line.argument.eq(bus.write_data)
            with m.Case(SdRegister.COMMAND):
                m.d.comb += [
                    bus.read_data[SdCommandBit.BUSY].eq(line.busy | line.start),
                    bus.read_data[1:3].eq(line.result),
                ]
                with m.If(write):
                    m.d.sync += [
                        Cat(line.index, line.expected).eq(bus.write_data),
                        line.start.eq(1),
                    ]
            with m.Case(SdRegister.RESPONSE):
                m.d.comb += bus.read_data.eq(line.response)
            with m.Case(SdRegister.ADDRESS):
                with m.If(write):
                    m.d.comb += writer.start.eq(1)
            with m.Case(SdRegister.COUNT):
                m.d.comb += bus.read_data.eq(left)
                with m.If(write):
                    m.d.sync += [expected.eq(bus.write_data), left.eq(bus.write_data), damaged.eq(0)]
            with m.Case(SdRegister.STATE):
                m.d.comb += [
                    bus.read_data[SdStateBit.TRANSFERRING].eq(receiver.run | ~writer.idle),
                    bus.read_data[SdStateBit.DAMAGED].eq(damaged),
                    bus.read_data[SdStateBit.DATA_LINE].eq(pins.dat_i[0]),
                ]
            with m.Case(SdRegister.SUM):
                m.d.comb += bus.read_data.eq(writer.crc)
                with m.If(write):
                    m.d.sync += writer.summed.eq(bus.write_data[0])
                    m.d.comb += writer.clear.eq(bus.write_data[1])
        return m
