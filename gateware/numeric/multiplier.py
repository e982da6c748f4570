"""Integer multiplication, the hook for a board's own multiplier."""

from amaranth.hdl import Module, Signal, signed as signed_shape, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


__all__ = ["Multiplier"]


class Multiplier(wiring.Component):
    """Pipelined integer multiplier.

    A free-running pipeline: latency ``LATENCY`` cycles, one product per cycle, no flow control.
    Its registers (inputs, product, output) lie where the multiplier blocks of FPGAs have theirs. Every
    multiplication of the gateware that is worth such a block goes through this class. It is inferred from ``*``,
    unless the platform that the design is elaborated for has an attribute ``celosia_multiplier``: a function
    of the ports ``a``, ``b`` and ``o`` that returns a module with the same latency (`boards.ecp5`,
    `boards.series7`).

    In a compiled simulation operands and product are one machine word each as long as the product
    has at most 32 bits.

    Parameters
    ----------
    a_width, b_width : int
        Bits of the factors, 1..18.
    signed : bool
        Whether both factors are signed; otherwise both are unsigned.

    Members
    -------
    a : In(a_width)
    b : In(b_width)
    o : Out(a_width + b_width)
        The exact product.

    Raises
    ------
    ValueError
        If a width is outside 1..18.
    """

    LATENCY = 3

    def __init__(self, *, a_width, b_width, signed):
        for width in (a_width, b_width):
            if width not in range(1, 19):
                raise ValueError(f"Multiplier width must be 1..18, not {width!r}")
        shape = signed_shape if signed else unsigned
        super().__init__({
            "a": In(shape(a_width)),
            "b": In(shape(b_width)),
            "o": Out(shape(a_width + b_width)),
        })

    def elaborate(self, platform):
        variant = getattr(platform, "celosia_multiplier", None)
        if variant is not None:
            return variant(self.a, self.b, self.o)
        m = Module()
        a = Signal.like(self.a, reset_less=True)
        b = Signal.like(self.b, reset_less=True)
        product = Signal.like(self.o, reset_less=True)
        output = Signal.like(self.o, reset_less=True)
        m.d.sync += [
            a.eq(self.a),
            b.eq(self.b),
            product.eq(a * b),
            output.eq(product),
        ]
        m.d.comb += self.o.eq(output)
        return m
