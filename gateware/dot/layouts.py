"""Payloads between the parts of the dot engine."""

from amaranth.hdl import signed
from amaranth.lib import data

from gateware.isa import VECTOR_CODES

__all__ = ["CodeChunk", "DISTANCE_BITS", "DotStep", "EXPONENT_BITS", "EngineTotals", "SCALE_MANTISSA_BITS", "SUM_BITS",
           "ScaleBeat", "TOTAL_BITS", "WORD_BITS", "chunk_words"]

WORD_BITS = 32
"""Bits of a bit-plane: one per code of a vector."""

SUM_BITS = 38
"""Signed width of 32 products of a 16-bit code and an 18-bit mantissa (which is never -2**17)."""

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


def ScaleBeat(config):
    """A bus word of scales; ``last`` of its row."""
    return data.StructLayout({"data": config.bus_bits, "last": 1})


def CodeChunk(config):
    """1, 2, 4 or 8 words of 32 bits, all of one vector, repeated up to the width of a bus word.

    ``mask`` is their number less one. ``plane`` is where the first of them goes, counted so that the last word of a
    vector goes to plane 15. ``vector_last`` marks the last chunk of a vector, ``row_last`` the last vector of a row,
    ``command_last`` the last row of a command.
    """
    words = chunk_words(config)
    return data.StructLayout({
        "words": data.ArrayLayout(WORD_BITS, words), "mask": (words - 1).bit_length(), "plane": 4,
        "vector_last": 1, "row_last": 1, "command_last": 1})


def DotStep(config):
    """One step of the multiplier array: ``lanes`` codes times one vector per physical column.

    ``position`` is the first code of the step, or the code that is expanded. ``first_part`` begins and ``complete``
    ends the sum over a vector; ``first`` begins and ``emit`` ends that over a row. ``columns`` + 1 physical columns are
    wanted. With ``emit``, ``row_last`` and ``command_last`` say whether these results are the last of a row and of a
    command.
    """
    return data.StructLayout({
        "vector": 9, "position": (VECTOR_CODES - 1).bit_length(), "slot": (config.slots - 1).bit_length(),
        "expand": 1, "first_part": 1, "complete": 1, "first": 1, "emit": 1,
        "columns": (config.columns - 1).bit_length(), "row_last": 1, "command_last": 1})


def EngineTotals(config):
    """Accumulators of one slot, ``columns`` + 1 of which are wanted, and the exponents of their least bits."""
    return data.StructLayout({
        "values": data.ArrayLayout(signed(TOTAL_BITS), config.columns),
        "exponents": data.ArrayLayout(signed(EXPONENT_BITS), config.columns),
        "columns": (config.columns - 1).bit_length(), "row_last": 1, "command_last": 1})
