"""Sums of products of codes and mantissas."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CODE_BITS, SUB_BLOCK_CODES, SUB_BLOCK_SUM_BITS, UNIT_BITS, step_sub_blocks
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier

__all__ = ["MultiplierArray", "expanded_codes"]

_MANTISSA_BITS = 18
_PRODUCT_BITS = 33


class MultiplierArray(wiring.Component):
    """``lanes`` multipliers for each of ``columns``, and an adder tree behind each sub-block of 16 of them.

    A free-running pipeline: latency ``latency`` cycles, one step per cycle.

    Codes may be -2**15, mantissas are at most 2**17 - 1 in magnitude, so products have 33 bits.

    Parameters
    ----------
    lanes : int
        At most 32.
    columns : int

    Members
    -------
    codes : In(signed(16)), array of columns of arrays of lanes
    mantissas : In(signed(18)), array of columns of arrays of lanes
    expand : In(1)
        At most one code is not zero, and the sum of its sub-block in column 0 is this code times 2**17; other
        columns and their mantissas do not matter.
    sums : Out(signed(37)), array of columns of arrays of sub-blocks
        Of the 16 products of a sub-block, or of as many as the step has of one.
    """

    MANTISSA_CYCLE = 0  # counted from that of the codes

    def __init__(self, *, lanes, columns):
        self._lanes = lanes
        self._columns = columns
        self.latency = Multiplier.LATENCY + (min(lanes, SUB_BLOCK_CODES) - 1).bit_length()
        super().__init__({
            "codes": In(data.ArrayLayout(data.ArrayLayout(signed(CODE_BITS), lanes), columns)),
            "mantissas": In(data.ArrayLayout(data.ArrayLayout(signed(_MANTISSA_BITS), lanes), columns)),
            "expand": In(1),
            "sums": Out(data.ArrayLayout(data.ArrayLayout(
                signed(SUB_BLOCK_SUM_BITS), step_sub_blocks(lanes)), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        expand = delay(m, self.expand, self.latency - 1, name="expand")
        expanded = expanded_codes(m, self.codes[0], self.latency - 1)

        for column in range(self._columns):
            products = []
            for lane in range(self._lanes):
                multiplier = Multiplier(a_width=CODE_BITS, b_width=_MANTISSA_BITS, signed=True)
                m.submodules[f"multiplier_{column}_{lane}"] = multiplier
                m.d.comb += [
                    multiplier.a.eq(self.codes[column][lane]),
                    multiplier.b.eq(self.mantissas[column][lane]),
                ]
                products.append(multiplier.o[:_PRODUCT_BITS].as_signed())
            for sub_block in range(len(self.sums[column])):
                terms = products[sub_block * SUB_BLOCK_CODES:(sub_block + 1) * SUB_BLOCK_CODES]
                # A register behind every level: yosys merges additions in a row into carry-save adders of
                # LUTs, which take more than the registers.
                while len(terms) > 1:
                    sums = [a + b for a, b in zip(terms[::2], terms[1::2])]
                    if column == 0 and len(sums) == 1:
                        sums = [Mux(expand, expanded[sub_block], sums[0])]
                    terms = [Signal(signed(len(total)), reset_less=True,
                                    name=f"tree_{column}_{sub_block}_{len(sums)}_{index}")
                             for index, total in enumerate(sums)]
                    m.d.sync += [register.eq(total) for register, total in zip(terms, sums)]
                m.d.comb += self.sums[column][sub_block].eq(terms[0])
        return m


def expanded_codes(m, codes, cycles):
    """The one code of each sub-block that is not zero times 2**17, ``cycles`` later."""
    expanded = []
    for sub_block in range(step_sub_blocks(len(codes))):
        merged = Signal(CODE_BITS, reset_less=True, name=f"merged_{sub_block}")
        any_code = Const(0, CODE_BITS)
        for code in list(codes)[sub_block * SUB_BLOCK_CODES:(sub_block + 1) * SUB_BLOCK_CODES]:
            any_code |= code.as_unsigned()
        m.d.sync += merged.eq(any_code)
        late = delay(m, merged, cycles - 1, name=f"expanded_{sub_block}")
        expanded.append(Cat(Const(0, UNIT_BITS), late).as_signed())
    return expanded
