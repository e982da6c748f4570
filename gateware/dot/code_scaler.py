"""Codes times their sub-scales."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import GROUP_CODES
from gateware.dot.small_multiplier import SmallMultiplier
from gateware.isa import VECTOR_CODES
from gateware.numeric.delay import delay

__all__ = ["CodeScaler"]

_CODE_BITS = 6
_SCALE_BITS = 8


class CodeScaler(wiring.Component):
    """Multiplies the codes of a step with their sub-scales, so that the array needs not know of these.

    A product of a code of at most 6 bits and a sub-scale of at most 8 fits the 16 bits of a code, and being
    left-aligned like its factors needs no shift: no format with sub-scales has wider codes.

    A free-running pipeline: latency ``LATENCY`` cycles.

    Parameters
    ----------
    lanes : int

    Members
    -------
    codes : In(signed(16)), array of ``lanes``
        Left-aligned.
    scales : In(signed(8)), array of 2
        Left-aligned; of the codes of lanes 0 to 15 and of lanes 16 to 31 of the vector.
    upper : In(1)
        The step has lanes 16 and up (if ``lanes`` is less than 32).
    enable : In(1)
        Codes pass unchanged otherwise.
    products : Out(signed(16)), array of ``lanes``
    """

    LATENCY = SmallMultiplier.LATENCY

    def __init__(self, lanes):
        self._lanes = lanes
        super().__init__({
            "codes": In(data.ArrayLayout(signed(16), lanes)),
            "scales": In(data.ArrayLayout(signed(_SCALE_BITS), 2)),
            "upper": In(1),
            "enable": In(1),
            "products": Out(data.ArrayLayout(signed(16), lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        # The last register of a product takes codes as they are, too.
        enable = delay(m, self.enable, self.LATENCY, name="enable")
        codes = delay(m, self.codes, self.LATENCY, name="codes")
        low = Signal(signed(_SCALE_BITS))
        m.d.comb += low.eq(Mux(self.upper, self.scales[1], self.scales[0]))
        for lane in range(self._lanes):
            multiplier = SmallMultiplier(a_width=_SCALE_BITS, b_width=_CODE_BITS, signed=True)
            m.submodules[f"multiplier_{lane}"] = multiplier
            scale = low if self._lanes < VECTOR_CODES else self.scales[lane // GROUP_CODES]
            m.d.comb += [
                multiplier.a.eq(scale),
                multiplier.b.eq(self.codes[lane][16 - _CODE_BITS:]),
                self.products[lane].eq(Mux(
                    enable, Cat(Const(0, 2), multiplier.o), codes.word_select(lane, 16))),
            ]
        return m
