"""Single-precision multiplication; its function is `gateware.exact.fp32.fp32_multiply`."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.exact.fp32 import BIAS
from gateware.numeric.delay import delay
from gateware.numeric.fp32_round import Fp32Round
from gateware.numeric.multiplier import Multiplier


__all__ = ["Fp32Multiply"]


class Fp32Multiply(wiring.Component):
    """Single-precision product.

    A free-running pipeline: latency ``LATENCY`` cycles, one product per cycle, no flow control.
    Rounds to nearest even, flushes subnormals (see `gateware.exact.fp32`).

    The 24-bit significands are multiplied as two 12-bit halves each::

        a, b -- 4 multipliers -- inner products -- product -- normalise -- round -- o
             0                3                 4          5            6        8

    Members
    -------
    a, b : In(32)
        Bits of the factors.
    o : Out(32)
        Bits of the product.
    """

    LATENCY = Multiplier.LATENCY + 3 + Fp32Round.LATENCY

    a: In(32)
    b: In(32)
    o: Out(32)

    def elaborate(self, platform):
        m = Module()

        # The multipliers register these.
        significands = []
        for factor in (self.a, self.b):
            normal = factor[23:31].any()
            significands.append(Cat(factor[:23], normal))
        products = {}
        for i in range(2):
            for j in range(2):
                part = Multiplier(a_width=12, b_width=12, signed=False)
                m.submodules[f"part_{i}{j}"] = part
                m.d.comb += [
                    part.a.eq(significands[0].word_select(i, 12)),
                    part.b.eq(significands[1].word_select(j, 12)),
                ]
                products[i, j] = part.o

        # Cycle 1: what the operands are.
        sign = Signal(reset_less=True)
        exponent = Signal(9, reset_less=True)  # with the bias of both
        zero, infinity, nan = (Signal(2, reset_less=True, name=name) for name in ("zero", "infinity", "nan"))
        m.d.sync += [
            sign.eq(self.a[31] ^ self.b[31]),
            exponent.eq(self.a[23:31] + self.b[23:31]),
        ]
        for index, factor in enumerate((self.a, self.b)):
            m.d.sync += [
                zero[index].eq(factor[23:31] == 0),
                infinity[index].eq(factor[23:31] == 255),
                nan[index].eq(factor[:23].any()),
            ]
        # Cycle 2: what the product is.
        kind = Signal(3, reset_less=True)
        m.d.sync += kind.eq(Cat(
            zero.any(),
            infinity.any(),
            (infinity & nan).any() | (infinity.any() & zero.any()),
        ))

        # Cycle 4: outer products side by side, inner products added.
        outer = Signal(48, reset_less=True)
        inner = Signal(25, reset_less=True)
        m.d.sync += [
            outer.eq(Cat(products[0, 0], products[1, 1])),
            inner.eq(products[0, 1] + products[1, 0]),
        ]
        # Cycle 5: the product, 1..4 with 46 fractional bits; its low 12 bits only matter as sticky bit.
        product = Signal(36, reset_less=True)
        sticky_low = Signal(reset_less=True)
        m.d.sync += [
            product.eq(outer[12:] + inner),
            sticky_low.eq(outer[:12].any()),
        ]
        # Cycle 6: leading one at the top.
        above_two = product[35]
        m.submodules.round = rounding = Fp32Round(exponent_width=10)
        normalised = Signal(25, reset_less=True)  # significand and guard bit
        sticky = Signal(reset_less=True)
        adjust = Signal(signed(10), reset_less=True)
        m.d.sync += [
            normalised.eq(Mux(above_two, product[11:], product[10:35])),
            sticky.eq(sticky_low | product[:10].any() | (above_two & product[10])),
            adjust.eq(Mux(above_two, 1 - BIAS, -BIAS)),
        ]
        m.d.comb += [
            rounding.sign.eq(delay(m, sign, 5, name="sign")),
            rounding.exponent.eq(delay(m, exponent, 5, name="exponent")),
            rounding.adjust.eq(adjust),
            rounding.significand.eq(normalised[1:]),
            rounding.guard.eq(normalised[0]),
            rounding.sticky.eq(sticky),
            Cat(rounding.zero, rounding.infinity, rounding.nan).eq(delay(m, kind, 4, name="kind")),
            self.o.eq(rounding.o),
        ]
        return m
