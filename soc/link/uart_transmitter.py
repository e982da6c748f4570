"""Bytes to a serial line."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["UartTransmitter"]


class UartTransmitter(wiring.Component):
    """Sends 8 data bits, no parity, one stop bit.

    A bit lasts ``divisor`` cycles, a byte 10 bits; bytes follow each other without a gap while the stream has
    them.

    Parameters
    ----------
    divisor_bits : int

    Members
    -------
    bytes : In(stream of 8)
    divisor : In(divisor_bits)
        Cycles per bit, 2 or more.
    tx : Out(1), init=1
        The line, from a register; idle is high.
    """

    def __init__(self, *, divisor_bits=16):
        self._divisor_bits = divisor_bits
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "divisor": In(divisor_bits),
            "tx": Out(1, init=1),
        })

    def elaborate(self, platform):
        m = Module()
        wait = Signal(self._divisor_bits)
        bits = Signal(9, reset_less=True)
        left = Signal(range(11))  # bits of the byte, start and stop included, that have not ended
        last = Signal()
        m.d.comb += [
            last.eq((wait == 0) & (left <= 1)),
            self.bytes.ready.eq(last),
        ]
        with m.If(last):
            m.d.sync += [left.eq(0), self.tx.eq(1)]
            with m.If(self.bytes.valid):
                m.d.sync += [
                    self.tx.eq(0),
                    bits.eq(Cat(self.bytes.payload, Const(1, 1))),
                    left.eq(10),
                    wait.eq(self.divisor - 1),
                ]
        with m.Elif(wait == 0):
            m.d.sync += [
                self.tx.eq(bits[0]),
                bits.eq(bits >> 1),
                left.eq(left - 1),
                wait.eq(self.divisor - 1),
            ]
        with m.Else():
            m.d.sync += wait.eq(wait - 1)
        return m
