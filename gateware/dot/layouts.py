"""Payloads between the parts of the dot engine."""

from amaranth.hdl import Mux, signed
from amaranth.lib import data

from gateware.isa import CodeKind, VECTOR_CODES

__all__ = ["CODE_BITS", "CodeChunk", "DISTANCE_BITS", "DotStep", "EXPONENT_BITS", "EngineTotals", "SUB_BLOCK_BITS",
           "SUB_BLOCK_CODES", "SUB_BLOCK_SUM_BITS", "MINIMUM_ALIGNMENT", "MINIMUM_BITS", "MINIMUM_SUM_BITS",
           "SCALED_CODE_BITS", "SCALE_MANTISSA_BITS", "SUB_SCALE_BITS", "SUM_BITS", "ScaleBeat", "TOTAL_BITS",
           "UNIT_BITS", "WORD_BITS", "chunk_words", "multiplied_bits", "product_bits", "shared_columns", "sides",
           "step_sub_blocks", "sub_words"]

WORD_BITS = 32
"""Bits of a bit-plane: one per code of a vector."""

CODE_BITS = 16
"""Signed width of a code in the array, left-aligned."""

SUB_SCALE_BITS = 8
"""Signed width of a sub-scale, left-aligned."""

SCALED_CODE_BITS = 8
"""Bits of a code that may have a sub-scale, from the uppermost one down: the others are zero."""

UNIT_BITS = 17
"""Places by which a code is shifted up where it stands for a sum: when it is expanded."""

SUB_BLOCK_SUM_BITS = 37
"""Signed width of 16 products of a 16-bit code and an 18-bit mantissa (which is never -2**17)."""

SUM_BITS = 38
"""Signed width of 32 products of a 16-bit code and an 18-bit mantissa (which is never -2**17)."""

SUB_BLOCK_CODES = 16
"""Codes of a sub-block: so many may share a sub-scale."""

SUB_BLOCK_BITS = 22
"""Signed width of the sum of 16 mantissas."""

MINIMUM_BITS = 6
"""Width of a sub-minimum. Narrower ones are left-aligned."""

MINIMUM_SUM_BITS = SUB_BLOCK_BITS + MINIMUM_BITS + 1
"""Signed width of the sum of two sub-blocks, each times its sub-minimum."""

MINIMUM_ALIGNMENT = 24
"""Places by which the product of that sum and a minimum is shifted up before its distance counts."""

SCALE_MANTISSA_BITS = 12
"""Signed width of a scale's mantissa."""

DISTANCE_BITS = 6
"""Width of the shift that aligns a contribution; larger ones all shift everything out."""

TOTAL_BITS = 64
"""Signed width of an accumulator."""

EXPONENT_BITS = 12
"""Signed width of the exponent of an accumulator."""


def sides(dot):
    """Vectors that a step takes side by side: 2 with 64 lanes, each on one side of these, else 1."""
    return max(dot.lanes // VECTOR_CODES, 1)


def shared_columns(dot):
    """Physical columns that share a vector of the x-buffer, each taking other vectors of codes: 2, or 1."""
    return min(dot.columns, 2)


def chunk_words(bus_bits):
    """Most words of 32 bits that the code decoder takes per cycle, those of a bus word: 1, 2, 4 or 8."""
    return bus_bits // WORD_BITS


def step_sub_blocks(lanes):
    """Sub-blocks of 16 codes that a step of ``lanes`` lanes has, or is a part of: 1 or 2."""
    return max(lanes // SUB_BLOCK_CODES, 1)


def multiplied_bits(command):
    """Bits that the codes of a command occupy in the array, from the uppermost one of 16 down."""
    return Mux(command.code_kind == CodeKind.TABLE, 8,
               command.code_bits + ((command.code_kind == CodeKind.UNSIGNED) | (command.code_bits == 1)))


def product_bits(dot, command):
    """Bits of a code times its sub-scale."""
    bits = multiplied_bits(command)
    if "sub_scales" not in dot.decoders:
        return bits
    # Sub-scales without a sign leave their upper bit empty.
    return bits + Mux(command.sub_bits.any(), command.sub_bits + ~command.sub_signed, 0)


def sub_words(dot):
    """Words of ``lanes`` sub-scales and sub-minimums that the longest row has, with four per vector."""
    return max(4 * dot.x_elements // VECTOR_CODES // dot.lanes, 2)


def ScaleBeat(bus_bits):
    """A bus word of scales; ``last`` of its row."""
    return data.StructLayout({"data": bus_bits, "last": 1})


def CodeChunk(dot, bus_bits):
    """What is left of a bus word, and where it goes.

    It may bring words for a vector, or for both of two side by side: the elements of ``parts``. The word for
    bit-plane p is ``words[(p - rotation) % len(words)]``, from plane ``plane`` on. If that ``completes`` the
    one or two, whose lowest plane is ``start``, the words that follow begin the next one, and lie likewise at
    ``head_rotation``. ``open_top`` leaves the sign plane empty, for numbers without a sign. Without
    ``second``, a row of an odd number of vectors ends with a single one. ``sub`` marks a vector of
    sub-scales. Of trits, ``run`` counts vectors of a bundle, and number 4 brings no words. ``row_last`` marks
    the last vector of a row, ``command_last`` the last row of a command.
    """
    words = chunk_words(bus_bits)
    rotation = (words - 1).bit_length()
    part = data.StructLayout({"rotation": rotation, "head_rotation": rotation, "plane": 5})
    return data.StructLayout({
        "words": data.ArrayLayout(WORD_BITS, words), "parts": data.ArrayLayout(part, sides(dot)),
        "start": 4, "open_top": 1, "completes": 1, "second": 1, "sub": 1, "run": 3, "row_last": 1,
        "command_last": 1})


def DotStep(dot):
    """One step of the multiplier array: ``lanes`` codes times one vector per physical column.

    ``vector`` is the number of the vector, or of the first of two side by side, with a ``second`` one unless
    the row ends. With ``shared`` it is the first of twice as many, of which the second physical column takes the second
    half. ``position`` is the first code of the step, or the code that is expanded. ``half`` is that
    of a paired row; its totals are apart from those of the other half. In an array of digits ``digit`` is which
    one of its codes, of all that begin with ``first_digit`` and end with ``last_digit``. ``first_part`` begins and
    ``complete`` ends the sum over a vector. ``first`` begins and ``emit`` ends the sum over a row. ``columns`` + 1
    physical columns are wanted. With ``emit``, ``row_last`` and ``command_last`` say whether these results are the last
    of a row and of a command.
    """
    return data.StructLayout({
        "vector": 9, "second": 1, "position": (sides(dot) * VECTOR_CODES - 1).bit_length(),
        "slot": (dot.slots - 1).bit_length(), "shared": 1, "half": 1, "digit": 3 if dot.array == "digits" else 0,
        "first_digit": 1, "last_digit": 1, "expand": 1, "first_part": 1, "complete": 1, "first": 1, "emit": 1,
        "columns": (dot.columns - 1).bit_length(), "row_last": 1, "command_last": 1})


def EngineTotals(dot):
    """Accumulators of one slot, ``columns`` + 1 of them wanted, and the exponents of their least bits."""
    return data.StructLayout({
        "values": data.ArrayLayout(signed(TOTAL_BITS), dot.columns),
        "exponents": data.ArrayLayout(signed(EXPONENT_BITS), dot.columns),
        "columns": (dot.columns - 1).bit_length(), "row_last": 1, "command_last": 1})
