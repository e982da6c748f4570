"""Multiplication by a narrow number, in LUTs."""

from amaranth.hdl import Module, Mux, Signal, signed as signed_shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SmallMultiplier"]


class SmallMultiplier(wiring.Component):
    """Pipelined product of a signed number and one of few bits, without a multiplier block.

    Latency ``LATENCY`` cycles, one product per cycle, no flow control. Pairs of partial products are added in
    the first cycle, their sums in the second.

    Parameters
    ----------
    a_width, b_width : int
    signed : bool
        Whether ``b`` is signed; ``a`` always is.

    Members
    -------
    a : In(signed(a_width))
    b : In(b_width)
    o : Out(signed(a_width + b_width))
        The exact product.
    """

    LATENCY = 2

    def __init__(self, *, a_width, b_width, signed):
        self._signed = signed
        super().__init__({
            "a": In(signed_shape(a_width)),
            "b": In(signed_shape(b_width) if signed else b_width),
            "o": Out(signed_shape(a_width + b_width)),
        })

    def elaborate(self, platform):
        m = Module()
        a, width = self.a, len(self.b)
        terms = [Mux(self.b[bit], a, 0).as_signed() << bit for bit in range(width)]
        sums = []
        for low in range(0, width, 2):
            pair = terms[low:low + 2]
            if self._signed and low + len(pair) == width:
                pair[-1] = -pair[-1]
            part = Signal(signed_shape(len(a) + low + 2), reset_less=True, name=f"part_{low}")
            m.d.sync += part.eq(sum(pair[1:], pair[0]))
            sums.append(part)
        product = Signal(self.o.shape(), reset_less=True)
        m.d.sync += product.eq(sum(sums[1:], sums[0]))
        m.d.comb += self.o.eq(product)
        return m
