"""Commands to an SD card, and its responses."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import crc, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CommandLine", "CommandResult", "Response"]


class Response(IntEnum):
    """What a command is answered with."""

    NONE = 0     #: nothing
    CHECKED = 1  #: 48 bits with the command's number and a CRC: R1, R6, R7
    PLAIN = 2    #: 48 bits without these: R3
    LONG = 3     #: 136 bits with a CRC: R2


class CommandResult(IntEnum):
    """How a command ended."""

    GOOD = 0     #: its response has come, or it needs none
    SILENT = 1   #: no response within ``CommandLine.PATIENCE`` clocks
    DAMAGED = 2  #: a response whose CRC, number or last bit is wrong


class CommandLine(wiring.Component):
    """Sends a command of 48 bits, and takes its response.

    SD Physical Layer Specification: a zero, a one, six bits of the command's number, 32 of its argument, a CRC of seven
    bits over all that, a one; the response is the same with a zero for the one, or has 127 bits in place of 45. All
    begin with the upper bit.

    Members
    -------
    start : In(1)
        Send a command, if ``busy`` is 0.
    index : In(6)
    argument : In(32)
    expected : In(Response)
        All three must stay until ``busy`` is 0 again.
    busy : Out(1)
    result : Out(CommandResult)
        Of the last command, while ``busy`` is 0.
    response : Out(32)
        Those bits of the response that come last before its CRC.
    drive, sample : In(1)
        Of :class:`soc.sd.clock.SdClock`.
    o, oe : Out(1)
        The line.
    i : In(1)
    """

    PATIENCE = 100
    """Clocks; a card answers within 64 (NCR)."""

    start: In(1)
    index: In(6)
    argument: In(32)
    expected: In(Response)
    busy: Out(1)
    result: Out(CommandResult)
    response: Out(32)
    drive: In(1)
    sample: In(1)
    o: Out(1, init=1)
    oe: Out(1)
    i: In(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = check = crc.catalog.CRC7_MMC(data_width=1).create()
        left = Signal(8)  # bits
        bits = Signal(40, reset_less=True)
        is_long = self.expected == Response.LONG
        number_wrong = Signal()
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.comb += check.start.eq(1)
                m.d.sync += [
                    left.eq(48),
                    bits.eq(Cat(self.argument, self.index, Const(0b01, 2))),
                    self.result.eq(CommandResult.GOOD),
                ]
                with m.If(self.start):
                    m.next = "SEND"
                with m.Else():
                    m.d.sync += self.result.eq(self.result)
            with m.State("SEND"):
                with m.If(self.drive):
                    m.d.sync += [left.eq(left - 1), bits.eq(bits << 1), self.oe.eq(1)]
                    with m.If(left > 8):
                        m.d.comb += [check.valid.eq(1), check.data.eq(bits[-1])]
                        m.d.sync += self.o.eq(bits[-1])
                    with m.If(left == 8):
                        # The CRC of what came before is there now; it leaves like the rest.
                        m.d.sync += [self.o.eq(check.crc[-1]), bits[-7:].eq(Cat(Const(1, 1), check.crc[:-1]))]
                    with m.If(left < 8):
                        m.d.sync += self.o.eq(bits[-1])
                    with m.If(left == 0):
                        m.d.sync += [self.oe.eq(0), self.o.eq(1)]
                        m.next = "SENT"
            with m.State("SENT"):
                m.d.comb += check.start.eq(1)
                m.d.sync += [left.eq(self.PATIENCE), number_wrong.eq(0)]
                with m.If(self.drive):
                    m.next = "WAIT"
                    with m.If(self.expected == Response.NONE):
                        m.next = "IDLE"
            with m.State("WAIT"):
                with m.If(self.sample):
                    m.d.sync += left.eq(left - 1)
                    with m.If(~self.i):
                        m.d.comb += [check.valid.eq(~is_long), check.data.eq(0)]
                        m.d.sync += left.eq(47)
                        with m.If(is_long):
                            m.d.sync += left.eq(135)
                        m.next = "RECEIVE"
                    with m.Elif(left == 0):
                        m.d.sync += self.result.eq(CommandResult.SILENT)
                        m.next = "IDLE"
            with m.State("RECEIVE"):
                # A long one's CRC leaves out its first eight bits.
                m.d.comb += [check.valid.eq(self.sample & ~(is_long & (left > 128))), check.data.eq(self.i)]
                with m.If(self.sample):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left > 8):
                        m.d.sync += self.response.eq(Cat(self.i, self.response))
                    with m.If(left == 40):
                        m.d.sync += number_wrong.eq(self.response[:6] != self.index)
                    with m.If(left == 1):
                        m.d.comb += check.valid.eq(0)
                        crc_wrong = (self.expected != Response.PLAIN) & ~check.match_detected
                        with m.If(~self.i | crc_wrong | ((self.expected == Response.CHECKED) & number_wrong)):
                            m.d.sync += self.result.eq(CommandResult.DAMAGED)
                        m.next = "IDLE"
        return m
