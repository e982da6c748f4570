"""Bytes from a serial line."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["UartReceiver"]


class UartReceiver(wiring.Component):
    """Receives 8 data bits, no parity, one stop bit.

    A bit lasts ``divisor`` cycles and is sampled once, in its middle. The start bit is found to the cycle, so
    with ``divisor`` d the clocks of both ends may differ by 5 % less 1/(10 d). A byte whose stop bit is not
    high is dropped; so is one that the stream does not take within the time of a byte.

    Parameters
    ----------
    divisor_bits : int

    Members
    -------
    rx : In(1), init=1
        The line, asynchronous; idle is high.
    divisor : In(divisor_bits)
        Cycles per bit, 4 or more.
    bytes : Out(stream of 8)
    dropped : Out(1)
        Pulse: a byte was lost.
    """

    def __init__(self, *, divisor_bits=16):
        self._divisor_bits = divisor_bits
        super().__init__({
            "rx": In(1, init=1),
            "divisor": In(divisor_bits),
            "bytes": Out(stream.Signature(8)),
            "dropped": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        line, before = Signal(init=1), Signal(init=1)
        m.submodules += FFSynchronizer(self.rx, line, init=1)
        wait = Signal(self._divisor_bits)
        bits = Signal(8, reset_less=True)
        left = Signal(range(10))  # bits that have not been sampled, the stop bit included
        sample = Signal()
        m.d.comb += sample.eq((wait == 0) & (left != 0))
        m.d.sync += [self.dropped.eq(0), before.eq(line)]
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += self.bytes.valid.eq(0)
        with m.If((left == 0) & before & ~line):
            # The middle of bit 0: one and a half bits from the edge, which was seen a cycle late.
            m.d.sync += [left.eq(9), wait.eq(self.divisor + (self.divisor >> 1) - 2)]
        with m.Elif(sample):
            m.d.sync += [left.eq(left - 1), wait.eq(self.divisor - 1)]
            with m.If(left != 1):
                m.d.sync += bits.eq(Cat(bits[1:], line))
            with m.Else():
                m.d.sync += self.dropped.eq(~line | self.bytes.valid & ~self.bytes.ready)
                with m.If(line & (~self.bytes.valid | self.bytes.ready)):
                    m.d.sync += [self.bytes.valid.eq(1), self.bytes.payload.eq(bits)]
        with m.Else():
            m.d.sync += wait.eq(wait - 1)
        return m
