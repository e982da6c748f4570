"""Sums of groups, times their sub-scales, to the sum of a vector."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import (CODE_BITS, GROUP_SUM_BITS, SCALED_CODE_BITS, SUB_SCALE_BITS, SUM_BITS,
                                  step_groups)
from gateware.dot.split_multiplier import SplitMultiplier
from gateware.isa import VECTOR_CODES
from gateware.numeric.delay import delay

__all__ = ["GroupScaler"]

_EMPTY_BITS = CODE_BITS - SCALED_CODE_BITS
_SHIFT = CODE_BITS - SCALED_CODE_BITS - SUB_SCALE_BITS


class GroupScaler(wiring.Component):
    """Multiplies what the array makes of a group of 16 codes with the sub-scale of the group, adds the groups of
    a step, and the steps of a vector.

    To scale the sum takes 1 or 2 multiplications per column and is exact like the sum; to scale the codes would
    take one for each. A code with a sub-scale has at most 6 bits, so the lower ones of its group's sum are zero,
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
    groups : In(signed(37)), array of columns of arrays of groups
    scales : In(signed(8)), array of groups
        Left-aligned.
    enable : In(1)
        The groups have sub-scales.
    first_part, valid : In(1)
        The sum of the vector begins with this step; this step belongs to it.
    sums : Out(signed(38)), array of columns
    """

    def __init__(self, *, lanes, columns, sub_scales):
        self._columns, self._sub_scales = columns, sub_scales
        self._several_parts = lanes < VECTOR_CODES
        # Products, two cycles of adding; the choice.
        self.latency = (SplitMultiplier.LATENCY + 2 if sub_scales else 0) + 1 + self._several_parts
        groups = step_groups(lanes)
        super().__init__({
            "groups": In(data.ArrayLayout(data.ArrayLayout(signed(GROUP_SUM_BITS), groups), columns)),
            "scales": In(data.ArrayLayout(signed(SUB_SCALE_BITS), groups)),
            "enable": In(1),
            "first_part": In(1),
            "valid": In(1),
            "sums": Out(data.ArrayLayout(signed(SUM_BITS), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        last = self.latency - 1
        first_part = delay(m, self.first_part, last, name="first_part")
        valid = delay(m, self.valid, last, name="valid")
        for column, groups in enumerate(self.groups):
            total = sum(groups[1:], groups[0])
            if self._sub_scales:
                plain = delay(m, total, SplitMultiplier.LATENCY + 2, name=f"plain_{column}")
                enable = delay(m, self.enable, SplitMultiplier.LATENCY + 2, name=f"enable_{column}")
                total = Mux(enable, self._scale(m, column, groups), plain)
            result = Signal(signed(SUM_BITS), reset_less=True, name=f"step_{column}")
            m.d.sync += result.eq(total)
            if self._several_parts:
                part, result = result, Signal(signed(SUM_BITS), reset_less=True, name=f"sum_{column}")
                with m.If(valid):
                    m.d.sync += result.eq(part + Mux(first_part, 0, result))
            m.d.comb += self.sums[column].eq(result)
        return m

    def _scale(self, m, column, groups):
        """The sum of the groups times their sub-scales, two cycles after the products."""
        products = []
        for index, (group, scale) in enumerate(zip(groups, self.scales)):
            product = SplitMultiplier(a_width=GROUP_SUM_BITS - _EMPTY_BITS, b_width=SUB_SCALE_BITS, signed=True)
            m.submodules[f"scale_{column}_{index}"] = product
            m.d.comb += [product.a.eq(group[_EMPTY_BITS:].as_signed()), product.b.eq(scale)]
            products.append(product)
        limb = SplitMultiplier.LIMB_BITS
        low = sum((product.low for product in products[1:]), products[0].low)
        high = sum((product.high for product in products[1:]), products[0].high)
        low, high = (delay(m, part, name=f"{name}_{column}") for name, part in (("low", low), ("high", high)))
        scaled = Signal(signed(SUM_BITS), reset_less=True, name=f"scaled_{column}")
        m.d.sync += scaled.eq(Cat(Const(0, _SHIFT), low[:limb], high + (low >> limb)).as_signed())
        return scaled
