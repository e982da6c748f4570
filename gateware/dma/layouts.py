"""Payloads of the streams around the DMA engines."""

from amaranth.lib import data

from gateware.layouts import BurstRequest

__all__ = ["DataBeat", "InstructionRead", "Line", "TaggedBurst"]

Line = data.StructLayout({"address": 32, "beats": 24, "last": 1, "index": 16})
"""Bus words to read: first word, number of words (1 or more), whether it is the last line of its
instruction, and the index of that instruction."""

InstructionRead = data.StructLayout({"address": 32, "index": 16})
"""An instruction to read: its first bus word and its index."""

TaggedBurst = data.StructLayout({"burst": BurstRequest, "index": 16})
"""A burst, and the index of the instruction that causes it."""


def DataBeat(bus_bits):
    """A bus word of an instruction's stream; ``last`` marks the last one of the instruction."""
    return data.StructLayout({"data": bus_bits, "last": 1})
