"""Payloads of the streams between the units, declared once."""

from amaranth.hdl import signed
from amaranth.lib import data

from gateware.isa import CodeOrder, FIELDS, Function, INSTRUCTION_BITS, Reduce, Scale, Sink, Source

__all__ = ["BurstRequest", "CodeTableEntries", "DotCommand", "DotResult", "ElementWrite", "HIDDEN_BITS",
           "InstructionLayout", "QuantisedStripe", "ScratchpadWrite", "StoreCommand", "StoredCode", "StoredElement",
           "VectorCommand", "WriteBeat"]


def _fields(*names):
    """The instruction fields ``names``, as members of a layout."""
    width = {field.name: field.bits for field in FIELDS}
    return {name: width[name] for name in names}


InstructionLayout = data.StructLayout(
    {field.name: field.bits for field in FIELDS}
    | {"reserved": INSTRUCTION_BITS - sum(field.bits for field in FIELDS)})
"""An instruction word as :func:`gateware.isa.encode` writes it."""

BurstRequest = data.StructLayout({"address": 32, "length": 16})
"""A burst: first bus word and number of beats, 1 or more."""


def WriteBeat(bus_bits):
    """A beat to memory: data, and one mask bit per byte (1: written)."""
    return data.StructLayout({"data": bus_bits, "mask": bus_bits // 8})


HIDDEN_BITS = 8
"""Bits of the first element of a window: sinks, rounded up to whole vectors, and less than a vector."""

DotCommand = data.StructLayout(
    _fields("code_bits", "code_kind", "code_order", "paired", "packed", "scale", "scale_shift", "minimum", "sub_bits",
            "sub_signed", "sub_wide", "expand", "vectors", "rows", "headroom", "columns") | {"offset": 3})
"""What the dot engine needs of an instruction; ``vectors`` and ``rows`` are those of this position. Packed
rows begin with word ``offset`` of the first bus word."""

CodeTableEntries = data.ArrayLayout(signed(8), 16)
"""The numbers that codes of kind TABLE stand for."""

DotResult = data.StructLayout({"column": 5, "row": 20, "value": 32, "last": 1})
"""One fp32 result; ``last`` marks the last of an instruction."""

VectorCommand = data.StructLayout(
    _fields("length", "a_source", "a_swap", "a", "b_source", "b_wrap", "b", "c_source", "c", "function", "reduce",
            "reduce_destination", "sink", "destination", "pad", "code_bits", "sinks") | {"hidden": HIDDEN_BITS})
"""What the vector unit needs of an instruction; ``length`` is that of this position. Elements from ``sinks`` to below
``hidden``, if there are any, are hidden."""


def QuantisedStripe(vector_lanes):
    """Mantissas of ``vector_lanes`` elements on their way into the x-buffer.

    ``index`` counts stripes from the start of the vector; ``exponent`` is that of the 256-element block.
    """
    return data.StructLayout({
        "column": 5, "index": 14, "exponent": signed(10),
        "mantissas": data.ArrayLayout(signed(18), vector_lanes)})


StoredCode = data.StructLayout({"code": signed(16), "scale": 32, "last": 1})
"""A code of 16, 8 or 4 bits on its way to the KV cache, with the fp32 scale that all codes of the pass share."""

StoredElement = data.StructLayout({"value": 32, "last": 1})
"""An fp32 element on its way to DRAM; ``last`` ends a pass."""

StoreCommand = data.StructLayout({"base": 32, "stride": 24, "scale_address": 32, "elements": 1} | _fields("code_bits"))
"""Byte address of the first element, bytes from one to the next (of codes of 4 bits: pairs), and whether they are fp32
elements; else they are codes, and the fp32 scale goes to byte ``scale_address``."""

ElementWrite = data.StructLayout({"address": 32, "data": 32, "size": 2, "last": 1})
"""1, 2 or 4 bytes (``2**size``) to a byte address; ``last`` ends a run of writes, nothing may wait behind it."""

ScratchpadWrite = data.StructLayout({"address": 20, "value": 32})
"""One fp32 element to the scratchpad."""
