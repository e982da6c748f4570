"""Sums of sub-blocks, times their sub-scales, to the sum of a vector."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import (CODE_BITS, SUB_BLOCK_SUM_BITS, SCALED_CODE_BITS, SUB_SCALE_BITS, SUM_BITS,
                                  step_sub_blocks)
from gateware.dot.split_multiplier import SplitMultiplier
from gateware.isa import VECTOR_CODES
from gateware.numeric.delay import delay

__all__ = ["SubBlockScaler"]

_EMPTY_BITS = CODE_BITS - SCALED_CODE_BITS


class SubBlockScaler(wiring.Component):
    """Multiplies what the array makes of a sub-block of 16 codes with its sub-scale, adds the sub-blocks of a step, and
    the steps of a vector.

    To scale the sum takes 1 or 2 multiplications per column and is exact like the sum; to scale the codes would
    take one for each. A code with a sub-scale has at most 8 bits, so the lower ones of its sub-block's sum are zero,
    and with a sub-scale of 8 bits the sum is again that of 32 products of 16 and 18 bits.

    A free-running pipeline: latency ``latency`` cycles, one step per cycle.

    Parameters
    ----------
    lanes : int
        At most 32.
    columns : int
    sub_scales : bool
        Whether there can be any.

    Members
    -------
    sub_blocks : In(signed(37)), array of columns of arrays of sub-blocks
    scales : In(signed(8)), array of sub-blocks
        Left-aligned.
    enable : In(1)
        The sub-blocks have sub-scales.
    crossed : In(1)
        The sums of the first two columns are those of each other.
    first_part, valid : In(1)
        The sum of the vector begins with this step; this step belongs to it.
    sums : Out(signed(38)), array of columns
    """

    def __init__(self, *, lanes, columns, sub_scales):
        self._columns, self._sub_scales = columns, sub_scales
        self._several_parts = lanes < VECTOR_CODES
        # Products, two cycles of adding; the choice.
        self.latency = (SplitMultiplier.LATENCY + 2 if sub_scales else 0) + 1 + self._several_parts
        sub_blocks = step_sub_blocks(lanes)
        super().__init__({
            "sub_blocks": In(data.ArrayLayout(data.ArrayLayout(signed(SUB_BLOCK_SUM_BITS), sub_blocks), columns)),
            "scales": In(data.ArrayLayout(signed(SUB_SCALE_BITS), sub_blocks)),
            "enable": In(1),
            "crossed": In(1),
            "first_part": In(1),
            "valid": In(1),
            "sums": Out(data.ArrayLayout(signed(SUM_BITS), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        last = self.latency - 1
        first_part = delay(m, self.first_part, last, name="first_part")
        valid = delay(m, self.valid, last, name="valid")
        totals = []
        for column, sub_blocks in enumerate(self.sub_blocks):
            total = sum(sub_blocks[1:], sub_blocks[0])
            if self._sub_scales:
                plain = delay(m, total, SplitMultiplier.LATENCY + 2, name=f"plain_{column}")
                enable = delay(m, self.enable, SplitMultiplier.LATENCY + 2, name=f"enable_{column}")
                total = Mux(enable, self._scale(m, column, sub_blocks), plain)
            totals.append(total)
        if len(totals) > 1:
            crossed = delay(m, self.crossed, last - self._several_parts, name="crossed")
            totals[:2] = [Mux(crossed, totals[1 - column], totals[column]) for column in range(2)]
        for column, total in enumerate(totals):
            result = Signal(signed(SUM_BITS), reset_less=True, name=f"step_{column}")
            m.d.sync += result.eq(total)
            if self._several_parts:
                part, result = result, Signal(signed(SUM_BITS), reset_less=True, name=f"sum_{column}")
                with m.If(valid):
                    m.d.sync += result.eq(part + Mux(first_part, 0, result))
            m.d.comb += self.sums[column].eq(result)
        return m

    def _scale(self, m, column, sub_blocks):
        """The sum of the sub-blocks times their sub-scales, two cycles after the products."""
        products = []
        for index, (sub_block, scale) in enumerate(zip(sub_blocks, self.scales)):
            product = SplitMultiplier(a_width=SUB_BLOCK_SUM_BITS - _EMPTY_BITS, b_width=SUB_SCALE_BITS, signed=True)
            m.submodules[f"scale_{column}_{index}"] = product
            m.d.comb += [product.a.eq(sub_block[_EMPTY_BITS:].as_signed()), product.b.eq(scale)]
            products.append(product)
        limb = SplitMultiplier.LIMB_BITS
        low = sum((product.low for product in products[1:]), products[0].low)
        high = sum((product.high for product in products[1:]), products[0].high)
        low, high = (delay(m, part, name=f"{name}_{column}") for name, part in (("low", low), ("high", high)))
        scaled = Signal(signed(SUM_BITS), reset_less=True, name=f"scaled_{column}")
        m.d.sync += scaled.eq(Cat(low[:limb], high + (low >> limb)).as_signed())
        return scaled
