"""Sums of products of codes and mantissas."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import SUM_BITS
from gateware.isa import VECTOR_CODES
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier

__all__ = ["MultiplierArray", "expanded_code"]

_CODE_BITS = 16
_MANTISSA_BITS = 18
_PRODUCT_BITS = 33
_UNIT_BITS = 17


class MultiplierArray(wiring.Component):
    """``lanes`` multipliers for each of ``columns``, an adder tree behind them, and the sum over the parts of
    a vector.

    A free-running pipeline: latency ``latency`` cycles, one step per cycle. The sum is that of the 32
    products of a vector when the step was its last part.

    Codes may be -2**15, mantissas are at most 2**17 - 1 in magnitude, so products have 33 bits.

    Parameters
    ----------
    lanes : int
        At most 32.
    columns : int

    Members
    -------
    codes : In(signed(16)), array of lanes
    mantissas : In(signed(18)), array of columns of arrays of lanes
    first_part : In(1)
        The sum begins with this step.
    expand : In(1)
        At most one code is not zero, and the sum of column 0 is this code times 2**17: products of codes and
        sub-scales may be short of the place of a single code by one bit, which only a row of one vector
        cannot spare.
    sums : Out(signed(38)), array of columns
    """

    MANTISSA_CYCLE = 0  # counted from that of the codes

    def __init__(self, *, lanes, columns):
        self._lanes = lanes
        self._columns = columns
        levels = (lanes - 1).bit_length()
        self._several_parts = lanes < VECTOR_CODES
        self.latency = Multiplier.LATENCY + levels + self._several_parts
        super().__init__({
            "codes": In(data.ArrayLayout(signed(_CODE_BITS), lanes)),
            "mantissas": In(data.ArrayLayout(data.ArrayLayout(signed(_MANTISSA_BITS), lanes), columns)),
            "first_part": In(1),
            "expand": In(1),
            "sums": Out(data.ArrayLayout(signed(SUM_BITS), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        first_part = delay(m, self.first_part, self.latency - 1, name="first_part")
        expand = delay(m, self.expand, self.latency - 1, name="expand")
        expanded = expanded_code(m, self.codes, self.latency - 1)

        for column in range(self._columns):
            terms = []
            for lane in range(self._lanes):
                multiplier = Multiplier(a_width=_CODE_BITS, b_width=_MANTISSA_BITS, signed=True)
                m.submodules[f"multiplier_{column}_{lane}"] = multiplier
                m.d.comb += [
                    multiplier.a.eq(self.codes[lane]),
                    multiplier.b.eq(self.mantissas[column][lane]),
                ]
                terms.append(multiplier.o[:_PRODUCT_BITS].as_signed())
            output = Signal(signed(SUM_BITS), reset_less=True, name=f"sum_{column}")
            m.d.comb += self.sums[column].eq(output)
            # A register behind every level: yosys merges additions in a row into carry-save adders of LUTs,
            # which take more than the registers. The last level shares its cycle with what is left to do.
            while len(terms) > (1 if self._several_parts else 2):
                terms = _add_pairs(terms)
                registers = [Signal(term.shape(), reset_less=True, name=f"tree_{column}_{len(terms)}_{index}")
                             for index, term in enumerate(terms)]
                m.d.sync += [register.eq(term) for register, term in zip(registers, terms)]
                terms = registers
            if not self._several_parts:
                terms = _add_pairs(terms)
            total, = terms
            if self._several_parts:
                total = total + Mux(first_part, 0, output)
            if column == 0:
                total = Mux(expand, expanded, total)
            m.d.sync += output.eq(total)
        return m


def expanded_code(m, codes, cycles):
    """The one code that is not zero times 2**17, ``cycles`` later."""
    merged = Signal(_CODE_BITS, reset_less=True)
    any_code = Const(0, _CODE_BITS)
    for code in codes:
        any_code |= code.as_unsigned()
    m.d.sync += merged.eq(any_code)
    return Cat(Const(0, _UNIT_BITS), delay(m, merged, cycles - 1, name="expanded")).as_signed()


def _add_pairs(terms):
    """Sums of neighbours."""
    return [a + b for a, b in zip(terms[::2], terms[1::2])]
