"""Sums of sub-blocks times sub-minimums."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import SUB_BLOCK_BITS, MINIMUM_BITS, MINIMUM_SUM_BITS
from gateware.dot.split_multiplier import SplitMultiplier
from gateware.numeric.delay import delay

__all__ = ["MinimumSums"]


class MinimumSums(wiring.Component):
    """The sum over a vector of its mantissas, each times the sub-minimum of its sub-block.

    A free-running pipeline: latency ``LATENCY`` cycles.

    Parameters
    ----------
    columns : int

    Members
    -------
    sub_blocks : In(signed(22)), array of columns of arrays of 2
    minimums : In(6), array of 2
    sums : Out(signed(29)), array of columns
    """

    LATENCY = SplitMultiplier.LATENCY + 2

    def __init__(self, columns):
        self._columns = columns
        super().__init__({
            "sub_blocks": In(data.ArrayLayout(data.ArrayLayout(signed(SUB_BLOCK_BITS), 2), columns)),
            "minimums": In(data.ArrayLayout(MINIMUM_BITS, 2)),
            "sums": Out(data.ArrayLayout(signed(MINIMUM_SUM_BITS), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        for column in range(self._columns):
            products = []
            for number in range(2):
                multiplier = SplitMultiplier(a_width=SUB_BLOCK_BITS, b_width=MINIMUM_BITS, signed=False)
                m.submodules[f"multiplier_{column}_{number}"] = multiplier
                m.d.comb += [
                    multiplier.a.eq(self.sub_blocks[column][number]),
                    multiplier.b.eq(self.minimums[number]),
                ]
                products.append(multiplier)
            limb = SplitMultiplier.LIMB_BITS
            low = delay(m, products[0].low + products[1].low, name=f"low_{column}")
            high = delay(m, products[0].high + products[1].high, name=f"high_{column}")
            total = Signal(signed(MINIMUM_SUM_BITS), reset_less=True, name=f"sum_{column}")
            m.d.sync += total.eq(Cat(low[:limb], high + (low >> limb)).as_signed())
            m.d.comb += self.sums[column].eq(total)
        return m
