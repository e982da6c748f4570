"""Five trits from each of some bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["TritDecoder"]

_TRITS = 5
_RUN = 81


class TritDecoder(wiring.Component):
    """Digits of base-3 numbers, less one, as two's complement of 2 bits.

    The highest digit is found by comparison and subtracted; the rest, 7 bits, goes through a table. A
    free-running pipeline: latency one cycle.

    Parameters
    ----------
    count : int
        Number of bytes.

    Members
    -------
    bytes : In(8), array of ``count``
        Each at most 242.
    trits : Out(signed(2)), array of 4 * ``count``
        The four lower digits of each byte, lowest first.
    fifths : Out(signed(2)), array of ``count``
        The highest digits.
    """

    def __init__(self, count):
        self._count = count
        super().__init__({
            "bytes": In(data.ArrayLayout(8, count)),
            "trits": Out(data.ArrayLayout(signed(2), 4 * count)),
            "fifths": Out(data.ArrayLayout(signed(2), count)),
        })

    def elaborate(self, platform):
        m = Module()
        digits = [sum((number // 3 ** place % 3 - 1 & 3) << 2 * place for place in range(_TRITS - 1))
                  for number in range(_RUN)]
        m.submodules.digits = table = memory.Memory(shape=8, depth=128, init=digits)
        for index in range(self._count):
            byte = self.bytes[index]
            # The signs of the differences are the comparisons.
            less_one, less_two = (Signal(signed(9), name=f"less_{digit}_{index}") for digit in (1, 2))
            one, two = less_one >= 0, less_two >= 0
            highest = Signal(2, reset_less=True, name=f"highest_{index}")
            rest = Signal(7, reset_less=True, name=f"rest_{index}")
            read = table.read_port(domain="comb")
            m.d.comb += [
                less_one.eq(byte - _RUN),
                less_two.eq(byte - 2 * _RUN),
                # -1, 0 or 1.
                self.fifths[index].eq(highest.as_signed()),
                read.addr.eq(rest),
            ]
            m.d.sync += [
                highest.eq(Cat(one == two, ~one)),
                rest.eq(Mux(two, less_two, Mux(one, less_one, byte))),
            ]
            for place in range(_TRITS - 1):
                m.d.comb += self.trits[4 * index + place].eq(read.data[2 * place:2 * place + 2].as_signed())
        return m
