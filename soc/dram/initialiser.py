"""Brings a DRAM up: a list of writes to the control registers of its controller."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["Initialiser"]


class Initialiser(wiring.Component):
    """Writes a list of registers once, with a pause after each, one write per cycle where there is none.

    For SDR SDRAM this is all that is needed. DDR3 on real pins also needs the delays of its PHY trained, by a
    program that uses the same bus after this.

    Parameters
    ----------
    writes : sequence of (int, int, int)
        Address, value, cycles to wait afterwards.
    address_bits : int

    Members
    -------
    address : Out(address_bits)
    write : Out(1)
    data : Out(32)
    done : Out(1)
        All has been written, and waited for.
    """

    def __init__(self, *, writes, address_bits):
        self._writes = writes
        super().__init__({
            "address": Out(address_bits),
            "write": Out(1),
            "data": Out(32),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        pause = Signal(range(max(wait for *_, wait in self._writes) + 1))
        index = Signal(range(len(self._writes) + 1))
        with m.If(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.Else():
            with m.Switch(index):
                for number, (address, value, wait) in enumerate(self._writes):
                    with m.Case(number):
                        m.d.comb += [self.write.eq(1), self.address.eq(address), self.data.eq(value)]
                        m.d.sync += [index.eq(number + 1), pause.eq(wait)]
                with m.Default():
                    m.d.sync += self.done.eq(1)
        return m
