"""Payloads of the streams between the parts of the control."""

from amaranth.lib import data

from gateware.isa import FIELDS
from gateware.layouts import DotCommand, StoreCommand, VectorCommand

__all__ = ["LineBlock", "SinkCommand", "STORE_COUNT_BITS", "Work"]

_BITS = {field.name: field.bits for field in FIELDS}

STORE_COUNT_BITS = 8
"""Bits in which storing instructions are counted: more than can wait between memory side and dispatch."""

LineBlock = data.StructLayout({
    "address": 32, "beats": _BITS["stream_line_beats"], "more": 1, "lines": 17, "stride": _BITS["stream_line_stride"],
    "wait": 1, "stores": STORE_COUNT_BITS, "index": 16})
"""A piece of the stream of one instruction: its first word in the first line, words of it, and whether another piece of
the same lines follows; number of lines, words from line to line, whether the stream waits for earlier stores and how
many of those were before it, and the index of the instruction. What is not of a piece is that of the last one."""

Work = data.StructLayout({
    "opcode": _BITS["opcode"], "overlap": _BITS["overlap"], "streams": 1, "score": 1, "mix": 1,
    "dot": DotCommand, "vector": VectorCommand,
    "destination_stride": _BITS["destination_stride"], "store": StoreCommand})
"""An instruction whose addresses and lengths are those of this token, ready to be executed. Its sink and
destination are fields of ``vector``, for ``DOT`` as well; ``score`` and ``mix`` tell a ``DOT`` over K and one over V
from others."""

SinkCommand = data.StructLayout({
    "scratchpad": 1, "memory": 1, "argmax": 1, "start": 32, "column_stride": _BITS["destination_stride"],
    "row_stride": _BITS["store_stride"], "index": 16})
"""Where the results of a ``DOT`` instruction go: to the scratchpad, to DRAM or nowhere, and whether the largest of each
column is wanted; byte address of the first result, in the scratchpad as well; elements from a result to that of the
next column; bytes from a result to that of the next row; the index of the instruction."""
