"""One fp32 lane."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.isa import Function
from gateware.numeric.fp32_add import Fp32Add
from gateware.numeric.fp32_multiply import Fp32Multiply
from gateware.numeric.function import Fp32Function

__all__ = ["Lane"]


class Lane(wiring.Component):
    """``function(a * b + c)``, every step rounded.

    A free-running pipeline, one element per cycle, no flow control. The result comes ``LATENCY`` cycles after
    a and b; for the identity, which is what the adder gives already, ``SHORT_LATENCY``.

    Members
    -------
    a, b : In(32)
    c : In(32)
        ``Fp32Multiply.LATENCY`` cycles after a and b.
    function : In(2)
        A :class:`gateware.isa.Function`. Constant while anything is in the pipeline.
    o : Out(32)
    """

    SHORT_LATENCY = Fp32Multiply.LATENCY + Fp32Add.LATENCY + 1
    LATENCY = SHORT_LATENCY + Fp32Function.LATENCY

    a: In(32)
    b: In(32)
    c: In(32)
    function: In(2)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.multiply = multiply = Fp32Multiply()
        m.submodules.add = add = Fp32Add()
        m.submodules.function = function = Fp32Function()
        result = Signal(32, reset_less=True)
        m.d.comb += [
            multiply.a.eq(self.a),
            multiply.b.eq(self.b),
            add.a.eq(multiply.o),
            add.b.eq(self.c),
            function.select.eq(self.function),
            function.a.eq(add.o),
            self.o.eq(result),
        ]
        m.d.sync += result.eq(Mux(self.function == Function.IDENTITY, add.o, function.o))
        return m
