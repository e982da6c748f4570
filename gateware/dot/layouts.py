"""Payloads between the parts of the dot engine."""

from amaranth.hdl import signed
from amaranth.lib import data

from gateware.isa import VECTOR_CODES

__all__ = ["CodeChunk", "DISTANCE_BITS", "DotStep", "EXPONENT_BITS", "EngineTotals", "GROUP_BITS", "GROUP_CODES",
           "MINIMUM_ALIGNMENT", "MINIMUM_BITS", "MINIMUM_SUM_BITS", "SCALE_MANTISSA_BITS", "SUM_BITS",
           "ScaleBeat", "TOTAL_BITS", "WORD_BITS", "chunk_words", "sub_words"]

WORD_BITS = 32
"""Bits of a bit-plane: one per code of a vector."""

SUM_BITS = 38
"""Signed width of 32 products of a 16-bit code and an 18-bit mantissa (which is never -2**17)."""

GROUP_CODES = 16
"""Codes that may share a sub-scale."""

GROUP_BITS = 22
"""Signed width of the sum of 16 mantissas."""

MINIMUM_BITS = 6
"""Width of a sub-minimum. Narrower ones are left-aligned."""

MINIMUM_SUM_BITS = GROUP_BITS + MINIMUM_BITS + 1
"""Signed width of the sum of two groups, each times its sub-minimum."""

MINIMUM_ALIGNMENT = 24
"""Places by which the product of that sum and a minimum is shifted up in the accumulator, before its distance."""

SCALE_MANTISSA_BITS = 12
"""Signed width of a scale's mantissa."""

DISTANCE_BITS = 6
"""Width of the shift that aligns a contribution; larger ones all shift everything out."""

TOTAL_BITS = 64
"""Signed width of an accumulator."""

EXPONENT_BITS = 12
"""Signed width of the exponent of an accumulator."""


def chunk_words(config):
    """Most words of 32 bits that the code decoder takes per cycle: all of a bus word, that is 1, 2, 4 or 8."""
    return config.bus_bits // WORD_BITS


def sub_words(config):
    """Words of ``lanes`` sub-scales and sub-minimums that the longest row can have: four of these per vector."""
    return max(4 * config.x_elements // VECTOR_CODES // config.lanes, 2)


def ScaleBeat(config):
    """A bus word of scales; ``last`` of its row."""
    return data.StructLayout({"data": config.bus_bits, "last": 1})


def CodeChunk(config):
    """What is left of a bus word, and where it goes.

    The word for bit-plane p is ``words[(p - rotation) % len(words)]``, from plane ``plane`` on. If that ``completes``
    a vector, whose lowest plane is ``start``, the words that follow begin the next one, and lie likewise at
    ``head_rotation``. ``open_top`` leaves the sign plane empty, for numbers without a sign. ``sub`` marks a vector of
    sub-scales. Of trits, ``run`` counts vectors of a group, and number 4 brings no words. ``row_last`` marks the last
    vector of a row, ``command_last`` the last row of a command.
    """
    words = chunk_words(config)
    rotation = (words - 1).bit_length()
    return data.StructLayout({
        "words": data.ArrayLayout(WORD_BITS, words), "rotation": rotation, "head_rotation": rotation, "plane": 4,
        "start": 4, "open_top": 1, "completes": 1, "sub": 1, "run": 3, "row_last": 1, "command_last": 1})


def DotStep(config):
    """One step of the multiplier array: ``lanes`` codes times one vector per physical column.

    ``position`` is the first code of the step, or the code that is expanded. ``half`` is that of a paired row; its
    totals are apart from those of the other half. ``first_part`` begins and ``complete``
    ends the sum over a vector; ``first`` begins and ``emit`` ends that over a row. ``columns`` + 1 physical columns are
    wanted. With ``emit``, ``row_last`` and ``command_last`` say whether these results are the last of a row and of a
    command.
    """
    return data.StructLayout({
        "vector": 9, "position": (VECTOR_CODES - 1).bit_length(), "slot": (config.slots - 1).bit_length(),
        "half": 1, "expand": 1, "first_part": 1, "complete": 1, "first": 1, "emit": 1,
        "columns": (config.columns - 1).bit_length(), "row_last": 1, "command_last": 1})


def EngineTotals(config):
    """Accumulators of one slot, ``columns`` + 1 of which are wanted, and the exponents of their least bits."""
    return data.StructLayout({
        "values": data.ArrayLayout(signed(TOTAL_BITS), config.columns),
        "exponents": data.ArrayLayout(signed(EXPONENT_BITS), config.columns),
        "columns": (config.columns - 1).bit_length(), "row_last": 1, "command_last": 1})
