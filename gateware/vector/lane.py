"""One fp32 lane."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.fp32_add import Fp32Add
from gateware.numeric.fp32_multiply import Fp32Multiply

__all__ = ["Lane"]


class Lane(wiring.Component):
    """``a * b + c``, every step rounded.

    A free-running pipeline, one element per cycle, no flow control. The result comes ``LATENCY`` cycles after
    a and b.

    Members
    -------
    a, b : In(32)
    c : In(32)
        ``Fp32Multiply.LATENCY`` cycles after a and b.
    o : Out(32)
    """

    LATENCY = Fp32Multiply.LATENCY + Fp32Add.LATENCY

    a: In(32)
    b: In(32)
    c: In(32)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiply = multiply = Fp32Multiply()
        m.submodules.add = add = Fp32Add()
        m.d.comb += [
            multiply.a.eq(self.a),
            multiply.b.eq(self.b),
            add.a.eq(multiply.o),
            add.b.eq(self.c),
            self.o.eq(add.o),
        ]
        return m
