"""Sums of products of codes and mantissas, without multipliers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CODE_BITS, SUB_BLOCK_CODES, SUB_BLOCK_SUM_BITS, step_sub_blocks
from gateware.dot.multiplier_array import expanded_codes
from gateware.numeric.delay import delay

__all__ = ["DigitArray"]

_MANTISSA_BITS = 18
_TERM_BITS = _MANTISSA_BITS + 1
_TOP_PLACE = CODE_BITS - 2


class DigitArray(wiring.Component):
    """Does what :class:`gateware.dot.multiplier_array.MultiplierArray` does, with one digit of each code per
    step.

    A code is sum(digit * 4**k) with digits -2 to 2 (Booth, 1951), k = 0..7: digit k is that of bits 2k - 1 to
    2k + 1. A step adds, for each lane, the mantissa, its double, their negatives or nothing. Steps of the same
    codes begin with their lowest digit and end with digit 7; before those of the next digit the sum moves down
    by two places, which were empty. A ternary code, being left-aligned, has digit 7 only.

    A free-running pipeline: latency ``latency`` cycles, one step per cycle. The sums are those of the products
    when the step was that of the last digit.

    Parameters
    ----------
    lanes : int
        At most 32.
    columns : int

    Members
    -------
    codes : In(signed(16)), array of columns of arrays of lanes
    digit : In(3)
        The digit that is taken.
    mantissas : In(signed(18)), array of columns of arrays of lanes
        ``MANTISSA_CYCLE`` cycles later.
    first_digit : In(1)
        The sums begin with this step.
    expand : In(1)
        At most one code is not zero, and the sum of its sub-block in column 0 is this code times 2**17.
    sums : Out(signed(37)), array of columns of arrays of sub-blocks
    """

    MANTISSA_CYCLE = 1

    def __init__(self, *, lanes, columns):
        self._lanes = lanes
        self._columns = columns
        self.latency = (min(lanes, SUB_BLOCK_CODES) - 1).bit_length() + 3
        super().__init__({
            "codes": In(data.ArrayLayout(data.ArrayLayout(signed(CODE_BITS), lanes), columns)),
            "digit": In(3),
            "mantissas": In(data.ArrayLayout(data.ArrayLayout(signed(_MANTISSA_BITS), lanes), columns)),
            "first_digit": In(1),
            "expand": In(1),
            "sums": Out(data.ArrayLayout(data.ArrayLayout(
                signed(SUB_BLOCK_SUM_BITS), step_sub_blocks(lanes)), columns)),
        })

    def elaborate(self, platform):
        m = Module()
        first_digit = delay(m, self.first_digit, self.latency - 1, name="first_digit")
        expand = delay(m, self.expand, self.latency - 1, name="expand")
        expanded = expanded_codes(m, self.codes[0], self.latency - 1)

        # First cycle: the digits. Columns with the same codes have the same ones; yosys sees that.
        digits = [self._digits(m, codes, column) for column, codes in enumerate(self.codes)]
        for column, (ones, twos, negatives) in enumerate(digits):
            late_negatives = delay(m, Cat(negatives), name=f"negatives_{column}")
            # Second cycle: digit times mantissa, but for the one that makes a complement a negative number.
            # It is the carry into an adder: there are as many adders as lanes.
            terms = []
            for lane, (one, two, negative) in enumerate(zip(ones, twos, negatives)):
                mantissa = self.mantissas[column][lane]
                term = Signal(signed(_TERM_BITS), reset_less=True, name=f"term_{column}_{lane}")
                magnitude = Mux(two, mantissa << 1, Mux(one, mantissa, 0))
                m.d.sync += term.eq(magnitude ^ negative.replicate(_TERM_BITS).as_signed())
                terms.append((term, late_negatives[lane]))
            for sub_block in range(len(self.sums[column])):
                place = f"{column}_{sub_block}"
                total, carry = _add_all(m, terms[sub_block * SUB_BLOCK_CODES:(sub_block + 1) * SUB_BLOCK_CODES], place)
                output = Signal(signed(SUB_BLOCK_SUM_BITS), reset_less=True, name=f"sum_{place}")
                before = Signal(signed(SUB_BLOCK_SUM_BITS), name=f"before_{place}")
                m.d.comb += [
                    before.eq(Mux(first_digit, 0, output >> 2)),
                    self.sums[column][sub_block].eq(output),
                ]
                result = Cat(before[:_TOP_PLACE], _add(before[_TOP_PLACE:].as_signed(), total, carry)).as_signed()
                if column == 0:
                    result = Mux(expand, expanded[sub_block], result)
                m.d.sync += output.eq(result)
        return m

    def _digits(self, m, codes, column):
        """Of each lane whether the digit is 1 or -1, whether it is 2 or -2, and whether it is negative."""
        ones, twos, negatives = [], [], []
        for lane, code in enumerate(codes):
            low, middle, high = Cat(Const(0, 1), code).bit_select(Cat(Const(0, 1), self.digit), 3)
            one, two, negative = (
                Signal(reset_less=True, name=f"{name}_{column}_{lane}") for name in ("one", "two", "negative"))
            m.d.sync += [
                one.eq(low ^ middle),
                two.eq((low == middle) & (middle != high)),
                negative.eq(high & ~(low & middle)),
            ]
            ones.append(one)
            twos.append(two)
            negatives.append(negative)
        return ones, twos, negatives


def _add_all(m, terms, place):
    """Sum of terms with carries, but for the last carry; a register behind every addition."""
    while len(terms) > 1:
        level, terms = terms, []
        for index, ((a, a_carry), (b, b_carry)) in enumerate(zip(level[::2], level[1::2])):
            name = f"{place}_{len(level)}_{index}"
            result = Signal(signed(len(a) + 1), reset_less=True, name=f"tree_{name}")
            m.d.sync += result.eq(_add(a, b, a_carry))
            terms.append((result, delay(m, b_carry, name=f"carry_{name}")))
    return terms[0]


def _add(a, b, carry):
    """Sum of two numbers and a carry, as one adder."""
    return (Cat(Const(1, 1), a).as_signed() + Cat(carry, b).as_signed()) >> 1
