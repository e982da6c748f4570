"""Accelerator and board, as registers of the processor."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.cpu.bus import ProcessorBus
from soc.cpu.map import AcceleratorRegister, OwnBit, StateBit, WindowError
from soc.link.protocol import Register
from soc.register_port import RegisterPort
from soc.registers import Registers

__all__ = ["AcceleratorPort"]

_BOARD_BIT = 12
"""Of an address: 0 are the registers of :class:`soc.registers.Registers`, 1 those that are here."""


class AcceleratorPort(wiring.Component):
    """:class:`soc.cpu.map.AcceleratorRegister`: the board's register file, and what the processor alone has.

    The registers that the link has too take eight cycles, and those of a request of the link that is being carried out
    (:class:`soc.register_switch.RegisterSwitch`); the others take two; WINDOW_FLUSH takes what the DRAM takes. While
    the accelerator is running a write to a register of the first kind is lost, that to ABORT aside. A register is
    written as a whole if any of its strobes is set.

    Members
    -------
    bus : In(ProcessorBus)
    registers : Out(RegisterPort)
    ready, link, busy : In(1)
        Bits of register STATE.
    link_writes : In(1)
        Pulse: the link writes a register.
    claimed : Out(1)
        The processor keeps the accelerator for itself.
    flush, flushed : Out(1), In(1)
        See :class:`soc.cpu.dram_window.DramWindow`.
    unavailable, outside : In(1)
        Of the same.
    """

    bus: In(ProcessorBus)
    registers: Out(RegisterPort)
    ready: In(1)
    link: In(1)
    busy: In(1)
    link_writes: In(1)
    claimed: Out(1)
    flush: Out(1)
    flushed: In(1)
    unavailable: In(1)
    outside: In(1)

    def elaborate(self, platform):
        m = Module()
        bus, registers = self.bus, self.registers
        writes, waited = bus.strobes.any(), Signal(range(Registers.LATENCY + 2))
        readable, possible, lost = Signal(), Signal(), Signal()
        link_wrote, errors = Signal(), Signal(len(WindowError))
        raised, cleared = Signal.like(errors), Signal()
        m.d.comb += [
            registers.index.eq(bus.address[2:_BOARD_BIT]),
            registers.data.eq(bus.write_data),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += waited.eq(0)
                with m.If(bus.valid & bus.address[_BOARD_BIT]):
                    m.next = "BOARD"
                with m.Elif(bus.valid):
                    m.next = "REGISTER"
            with m.State("REGISTER"):
                m.d.comb += registers.use.eq(1)
                with m.If(registers.granted):
                    m.d.sync += waited.eq(waited + 1)
                # Whether there is such a register is found in the first cycle and used in the second.
                free = ~registers.busy | (registers.index == Register.ABORT)
                m.d.sync += [
                    readable.eq(registers.readable),
                    possible.eq(registers.writable & free),
                    lost.eq(registers.writable & ~free),
                ]
                with m.If(writes & (waited == 1)):
                    m.d.comb += [
                        registers.write.eq(possible & registers.allowed),
                        raised[WindowError.REGISTER].eq(lost | possible & ~registers.allowed),
                        bus.ready.eq(1),
                    ]
                    m.next = "IDLE"
                with m.Elif(waited == Registers.LATENCY + 1):
                    m.d.comb += bus.ready.eq(1)
                    with m.If(readable):
                        m.d.comb += bus.read_data.eq(registers.value)
                    m.next = "IDLE"
            with m.State("BOARD"):
                m.d.comb += bus.ready.eq(1)
                m.next = "IDLE"
                with m.Switch(bus.address[:4]):
                    with m.Case(AcceleratorRegister.STATE & 0xf):
                        for bit, value in (StateBit.READY, self.ready), (StateBit.LINK, self.link), (
                                StateBit.BUSY, self.busy):
                            m.d.comb += bus.read_data[bit].eq(value)
                    with m.Case(AcceleratorRegister.OWN & 0xf):
                        m.d.comb += [
                            bus.read_data[OwnBit.OWN].eq(self.claimed),
                            bus.read_data[OwnBit.LINK].eq(link_wrote),
                        ]
                        with m.If(writes):
                            m.d.sync += [self.claimed.eq(bus.write_data[OwnBit.OWN]), link_wrote.eq(0)]
                    with m.Case(AcceleratorRegister.WINDOW_FLUSH & 0xf):
                        with m.If(writes):
                            m.d.comb += bus.ready.eq(0)
                            m.next = "FLUSH"
                    with m.Case(AcceleratorRegister.WINDOW_ERRORS & 0xf):
                        m.d.comb += [bus.read_data.eq(errors), cleared.eq(writes)]
            with m.State("FLUSH"):
                m.d.comb += [self.flush.eq(1), bus.ready.eq(self.flushed)]
                with m.If(self.flushed):
                    m.next = "IDLE"
        with m.If(self.link_writes):
            m.d.sync += link_wrote.eq(1)
        m.d.comb += [
            raised[WindowError.NOT_READY].eq(self.unavailable & ~self.ready),
            raised[WindowError.BUSY].eq(self.unavailable & self.ready),
            raised[WindowError.OUTSIDE].eq(self.outside),
        ]
        m.d.sync += errors.eq((errors & ~cleared.replicate(len(errors))) | raised)
        return m
