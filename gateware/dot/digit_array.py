"""Sums of products of codes and mantissas, without multipliers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import SUM_BITS
from gateware.dot.multiplier_array import expanded_code
from gateware.numeric.delay import delay

__all__ = ["DigitArray"]

_CODE_BITS = 16
_MANTISSA_BITS = 18
_TERM_BITS = _MANTISSA_BITS + 1
_TOP_PLACE = _CODE_BITS - 2


class DigitArray(wiring.Component):
    """Does what :class:`gateware.dot.multiplier_array.MultiplierArray` does, with one digit of each code per
    step.

    A code is sum(digit * 4**k) with digits -2 to 2 (Booth, 1951), k = 0..7: digit k is that of bits 2k - 1 to
    2k + 1. A step adds, for each lane, the mantissa, its double, their negatives or nothing. The steps of a
    vector begin with its lowest digit and end with digit 7; before those of the next digit the sum moves down
    by two places, which were empty. A ternary code, being left-aligned, has digit 7 only.

    A free-running pipeline: latency ``latency`` cycles, one step per cycle. The sum is that of the 32
    products of a vector when the step was the last part of its last digit.

    An engine of 32 lanes and 1 column (4 slots, 64-bit bus, all formats) has 14699 LUT4, 1663 CCU2C, 12612 FF
    and 5 MULT18X18D, with a multiplier array 12784, 1847, 12191 and 37 (yosys 0.70, synth_ecp5, estimated).

    Parameters
    ----------
    lanes : int
        At most 32.
    columns : int

    Members
    -------
    codes : In(signed(16)), array of lanes
    digit : In(3)
        The digit that is taken.
    mantissas : In(signed(18)), array of columns of arrays of lanes
        ``MANTISSA_CYCLE`` cycles later.
    first_part : In(1)
        The sum begins with this step.
    next_digit : In(1)
        Another digit begins with this step.
    expand : In(1)
        At most one code is not zero, and the sum of column 0 is this code times 2**17.
    sums : Out(signed(38)), array of columns
    """

    MANTISSA_CYCLE = 1

    def __init__(self, *, lanes, columns):
        self._lanes = lanes
        self._columns = columns
        self.latency = (lanes - 1).bit_length() + 3
        super().__init__({
            "codes": In(data.ArrayLayout(signed(_CODE_BITS), lanes)),
            "digit": In(3),
            "mantissas": In(data.ArrayLayout(data.ArrayLayout(signed(_MANTISSA_BITS), lanes), columns)),
            "first_part": In(1),
            "next_digit": In(1),
            "expand": In(1),
            "sums": Out(data.ArrayLayout(signed(SUM_BITS), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        first_part = delay(m, self.first_part, self.latency - 1, name="first_part")
        next_digit = delay(m, self.next_digit, self.latency - 1, name="next_digit")
        expand = delay(m, self.expand, self.latency - 1, name="expand")
        expanded = expanded_code(m, self.codes, self.latency - 1)

        # First cycle: the digits.
        ones, twos, negatives = [], [], []
        for lane, code in enumerate(self.codes):
            low, middle, high = Cat(Const(0, 1), code).bit_select(Cat(Const(0, 1), self.digit), 3)
            one, two, negative = (
                Signal(reset_less=True, name=f"{name}_{lane}") for name in ("one", "two", "negative"))
            m.d.sync += [
                one.eq(low ^ middle),
                two.eq((low == middle) & (middle != high)),
                negative.eq(high & ~(low & middle)),
            ]
            ones.append(one)
            twos.append(two)
            negatives.append(negative)
        late_negatives = delay(m, Cat(negatives), name="negatives")

        for column in range(self._columns):
            # Second cycle: digit times mantissa, but for the one that makes a complement a negative number.
            # It is the carry into an adder: there are as many adders as lanes.
            terms = []
            for lane, (one, two, negative) in enumerate(zip(ones, twos, negatives)):
                mantissa = self.mantissas[column][lane]
                term = Signal(signed(_TERM_BITS), reset_less=True, name=f"term_{column}_{lane}")
                magnitude = Mux(two, mantissa << 1, Mux(one, mantissa, 0))
                m.d.sync += term.eq(magnitude ^ negative.replicate(_TERM_BITS).as_signed())
                terms.append((term, late_negatives[lane]))
            while len(terms) > 1:
                level, terms = terms, []
                for index, ((a, a_carry), (b, b_carry)) in enumerate(zip(level[::2], level[1::2])):
                    place = f"{column}_{len(level)}_{index}"
                    result = Signal(signed(len(a) + 1), reset_less=True, name=f"tree_{place}")
                    m.d.sync += result.eq(_add(a, b, a_carry))
                    terms.append((result, delay(m, b_carry, name=f"carry_{place}")))
            (total, carry), = terms
            output = Signal(signed(SUM_BITS), reset_less=True, name=f"sum_{column}")
            before = Signal(signed(SUM_BITS), name=f"before_{column}")
            m.d.comb += [
                before.eq(Mux(first_part, 0, Mux(next_digit, output >> 2, output))),
                self.sums[column].eq(output),
            ]
            result = Cat(before[:_TOP_PLACE], _add(before[_TOP_PLACE:].as_signed(), total, carry)).as_signed()
            if column == 0:
                result = Mux(expand, expanded, result)
            m.d.sync += output.eq(result)
        return m


def _add(a, b, carry):
    """Sum of two numbers and a carry, as one adder."""
    return (Cat(Const(1, 1), a).as_signed() + Cat(carry, b).as_signed()) >> 1
