"""The instruction set: one fixed-size instruction, two units, four opcodes.

An instruction is a *pass*: one stream of data through one unit. ``DOT`` streams the rows of a matrix
past the vectors in the x-buffer, ``VECTOR`` streams elements through the fp32 lanes, ``TABLE`` loads the numbers that
the codes of some formats are indices of, ``END`` ends the program. Everything a transformer needs is a sequence of
such passes; what changes from token to token (token id, position) are registers, which the ``*_grow`` and
``stream_index`` fields refer to.

This file is the only definition. The compiler encodes with it, the golden model executes it, the gateware
derives its layouts from it, ``docs/instruction-set.md`` is printed from it. It knows nothing of Amaranth. What an
instruction reads and writes for a token at a position is :func:`gateware.extent.extent`.
"""

from dataclasses import dataclass, make_dataclass
from enum import IntEnum

__all__ = ["CodeKind", "CodeOrder", "Field", "Function", "GROUP", "INSTRUCTION_BITS", "FIELDS", "Index", "Instruction",
           "Opcode", "Reduce", "STORING", "SUPER_VECTORS", "Scale", "Sink", "Source", "TABLE_FIELDS", "VECTOR_CODES",
           "decode", "encode"]

INSTRUCTION_BITS = 512
VECTOR_CODES = 32
"""Codes of one vector: the unit of packing, of scaling and of accumulation."""

GROUP = 32
"""Most tokens of a group."""

SUPER_VECTORS = 8
"""Vectors of a super-block."""

TABLE_FIELDS = ("b", "c", "store_base", "scale_base")
"""Fields that hold the 16 signed bytes of a ``TABLE`` instruction, four in each, lowest byte first."""


class Opcode(IntEnum):
    """What an instruction does."""

    END = 0     #: the token is complete
    DOT = 1     #: rows of the streamed matrix times the columns of the x-buffer
    VECTOR = 2  #: function(a * b + c) element by element, with a reduction
    TABLE = 3   #: the 16 numbers that codes of kind TABLE stand for: see ``TABLE_FIELDS``


class Index(IntEnum):
    """Register that is multiplied with ``stream_index_stride`` and added to ``stream_base``."""

    NONE = 0      #: the base does not move
    TOKEN = 1     #: id of the token
    POSITION = 2  #: its position


class CodeOrder(IntEnum):
    """How the codes of a vector lie in memory."""

    PLANES = 0    #: ``code_bits`` words of 32 bits, least significant bit-plane first
    ELEMENTS = 1  #: 32 codes of 16, 8 or 4 bits one after another (the KV cache)


class CodeKind(IntEnum):
    """What the bits of a code mean."""

    SIGNED = 0    #: two's complement
    UNSIGNED = 1  #: 0 to 2**code_bits - 1
    TABLE = 2     #: index into the table that ``Opcode.TABLE`` loads
    TRITS = 3     #: -1, 0 or 1, five to a byte


class Scale(IntEnum):
    """The scales of a row, which precede its codes."""

    NONE = 0   #: no scales in the stream, every vector has scale 1
    FP16 = 1   #: IEEE binary16
    POWER = 2  #: signed 8-bit exponent of a power of two
    UE4M3 = 3  #: half of a number without a sign, 4 bits of exponent over 3; two for each vector, of 16 codes each


class Source(IntEnum):
    """Where an operand of a ``VECTOR`` pass comes from."""

    SCRATCHPAD = 0  #: consecutive elements from the operand's address on
    SCALAR = 1      #: one scalar register for all elements
    IMMEDIATE = 2   #: the operand field itself, an fp32 (``b`` and ``c`` only)
    STREAM = 3      #: consecutive fp32 elements of the stream (``b`` only)
    SAME = 4        #: the element that ``a`` reads (``b`` only)


class Function(IntEnum):
    """Function applied to ``a * b + c``."""

    IDENTITY = 0    #: x
    EXP2 = 1        #: 2**x
    RECIPROCAL = 2  #: 1 / x
    RSQRT = 3       #: 1 / sqrt(x)


class Reduce(IntEnum):
    """Reduction of the results of a pass; that of a ``VECTOR`` goes to scalar register ``reduce_destination``."""

    NONE = 0  #: none
    SUM = 1  #: the fixed order of :func:`gateware.exact.sums.interleaved_sum`
    MAX = 2  #: the largest
    LARGEST = 3  #: the largest magnitude
    ARGMAX = 4  #: ``DOT`` alone: of each column, the row of its largest result, which the host reads


class Sink(IntEnum):
    """Where the results of a pass go."""

    NONE = 0        #: nowhere: only the reduction is wanted
    SCRATCHPAD = 1  #: fp32 elements from ``destination`` on
    COLUMN = 2      #: ``VECTOR``: quantised to 18 bits into x-buffer column ``destination``
    STORE = 3       #: ``VECTOR``: quantised to ``code_bits`` into DRAM, with their scale (KV cache)
    MEMORY = 4      #: fp32 elements into DRAM


STORING = (Sink.STORE, Sink.MEMORY)
"""Sinks in DRAM: a stream with ``wait`` waits for the instructions that have them."""


@dataclass(frozen=True)
class Field:
    """One field of the instruction word.

    Attributes
    ----------
    name : str
    bits : int
    section : str
        ``"common"``, ``"stream"``, ``"window"``, ``"dot"``, ``"vector"``, ``"result"`` or ``"store"``.
    doc : str
    kind : type or None
        Enumeration of the field's values.
    """

    name: str
    bits: int
    section: str
    doc: str
    kind: type | None = None


FIELDS = (
    Field("opcode", 2, "common", "What the instruction does.", Opcode),
    Field("wait", 1, "common", "The stream is read only after every earlier store has reached DRAM."),
    Field("overlap", 2, "common",
          "VECTOR: begins when at most this many DOTs are executing. DOT: 1: begins beside a VECTOR."),
    Field("member", 5, "common",
          "Which token of the group: token means its id, position its position, one after another."),

    Field("stream_base", 32, "stream", "First bus word of the stream."),
    Field("stream_index", 2, "stream", "Register that moves the base.", Index),
    Field("stream_index_stride", 16, "stream",
          "Bus words by which one step of that register moves the base; words of 32 bits if packed. With a window: of "
          "2**stream_grow_shift positions."),
    Field("stream_lines", 16, "stream", "Number of contiguous lines; 0: the instruction has no stream."),
    Field("stream_lines_grow", 1, "stream", "There are position + 1 lines instead."),
    Field("stream_line_beats", 24, "stream",
          "Bus words of a line; words of 32 bits if packed and moved by a register."),
    Field("stream_line_grow", 1, "stream",
          "A line has ceil((position + 1) / 2**stream_grow_shift) * 2**stream_grow_scale bus words instead."),
    Field("stream_grow_shift", 4, "stream", "See stream_line_grow."),
    Field("stream_grow_scale", 4, "stream", "See stream_line_grow."),
    Field("stream_line_stride", 16, "stream", "Bus words from the start of a line to the start of the next."),

    Field("window", 16, "window", "Positions that a token sees, itself and those before it; 0: all."),
    Field("sinks", 7, "window",
          "First positions of the text that it sees as well; without a window nothing grows beyond them."),

    Field("code_bits", 5, "dot",
          "Bits of a code: 2..16 as planes, or 1, which is -1 where it is 0; 16, 8 or 4 as elements, also of those "
          "that a STORE writes; 2 for trits."),
    Field("code_kind", 2, "dot", "What the bits of a code mean.", CodeKind),
    Field("code_order", 1, "dot", "How the codes of a vector lie in memory.", CodeOrder),
    Field("paired", 1, "dot",
          "Each byte holds 4-bit elements of two rows: 2r in its lower half, 2r + 1 in its upper half."),
    Field("packed", 1, "dot", "Rows follow each other, and their parts, without padding to bus words."),
    Field("scale", 2, "dot", "Kind of the scales.", Scale),
    Field("scale_shift", 2, "dot", "A scale is for 2**scale_shift vectors, 3 for those of super-blocks."),
    Field("minimum", 1, "dot", "Each scale is followed by an fp16 minimum."),
    Field("sub_bits", 4, "dot", "Bits of a sub-scale, and of a sub-minimum: 4, 6 or 8; 0: there are none."),
    Field("sub_signed", 1, "dot", "Sub-scales are two's complement; sub-minimums never are."),
    Field("sub_wide", 1, "dot", "A sub-scale is for 32 codes, not for 16."),
    Field("expand", 1, "dot", "Each code times its scale is a result of its own (reads one row of a table)."),
    Field("vectors", 10, "dot", "Vectors of 32 codes in a row."),
    Field("vectors_grow", 1, "dot", "There are ceil((position + 1) / 32) vectors instead."),
    Field("rows", 20, "dot", "Rows of the matrix; pairs of rows if they are paired."),
    Field("rows_grow", 1, "dot", "There are position + 1 rows instead."),
    Field("headroom", 6, "dot", "Bits by which contributions are shifted up in the accumulator."),
    Field("columns", 6, "dot", "Logical columns of the x-buffer that take part, from column 0 on."),

    Field("length", 20, "vector", "Elements of the pass."),
    Field("length_grow", 1, "vector", "There are position + 1 elements instead."),
    Field("a_source", 3, "vector", "Source of a: SCRATCHPAD or SCALAR.", Source),
    Field("a_swap", 1, "vector", "Elements 2i and 2i + 1 of a change places."),
    Field("a", 20, "vector", "Address or register of a."),
    Field("b_source", 3, "vector", "Source of b.", Source),
    Field("b_wrap", 12, "vector", "Address of b starts again after this many elements; 0: never."),
    Field("b", 32, "vector", "Address, register or immediate of b."),
    Field("c_source", 3, "vector", "Source of c: SCRATCHPAD, SCALAR or IMMEDIATE.", Source),
    Field("c", 32, "vector", "Address, register or immediate of c."),
    Field("function", 2, "vector", "Function of a * b + c.", Function),
    Field("reduce_destination", 6, "vector",
          "Scalar register that takes the reduction; STORE of 8 or 4 bits without one: that has the scale."),

    Field("reduce", 3, "result", "Reduction of the results.", Reduce),
    Field("sink", 3, "result", "Where the results go.", Sink),
    Field("destination", 20, "result", "Scratchpad element address, or column."),
    Field("destination_stride", 20, "result", "DOT: elements from the results of one column to those of the next."),
    Field("pad", 1, "result", "COLUMN: 32 more zero mantissas, for vectors that reach further than this one."),

    Field("store_base", 32, "store", "Byte address of the first element stored at position 0."),
    Field("store_index_stride", 24, "store", "Bytes by which a position moves that address."),
    Field("store_stride", 24, "store",
          "Bytes from one stored element to the next; from pair to pair of those of 4 bits; DOT: from row to row."),
    Field("scale_base", 32, "store", "Byte address of the fp32 scale of position 0; a position moves it by 4."),
)

assert sum(field.bits for field in FIELDS) <= INSTRUCTION_BITS

Instruction = make_dataclass(
    "Instruction", [(item.name, int, 0) for item in FIELDS] + [
        ("label", str, ""), ("kind", str, ""), ("layer", int | None, None)],
    frozen=True, kw_only=True)
Instruction.__doc__ = (
    "One instruction: the attributes are FIELDS, 0 unless given. Outside of the word stand ``label`` for people, "
    "``kind`` and ``layer`` for reports.")


def encode(instruction):
    """Encode ``instruction`` as 64 bytes, first field in the lowest bits, little endian.

    Raises
    ------
    ValueError
        If a value does not fit its field.
    """
    word, offset = 0, 0
    for field in FIELDS:
        value = int(getattr(instruction, field.name))
        if value < 0 or value >> field.bits:
            raise ValueError(f"Instruction {instruction.label!r}: field {field.name!r} must be "
                             f"0..{2**field.bits - 1}, not {value!r}")
        word |= value << offset
        offset += field.bits
    return word.to_bytes(INSTRUCTION_BITS // 8, "little")


def decode(data):
    """The :class:`Instruction` that 64 bytes encode (without its label)."""
    word, offset, values = int.from_bytes(data, "little"), 0, {}
    for field in FIELDS:
        value = word >> offset & (1 << field.bits) - 1
        values[field.name] = field.kind(value) if field.kind else value
        offset += field.bits
    return Instruction(**values)
