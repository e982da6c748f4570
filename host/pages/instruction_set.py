"""Prints docs/instruction-set.md from the definitions in gateware/isa.py.

Run as ``python -m host.pages.instruction_set``.
"""

from gateware import isa
from host.pages.markdown import enumeration, table, text

__all__ = ["page"]

_GROUPS = {
    "common": "Common",
    "stream": "Stream: what is read from DRAM",
    "window": "Window",
    "dot": "Of a DOT",
    "vector": "Of a VECTOR",
    "result": "Results",
    "store": "Stores",
}

_INTRODUCTION = """\
# Instruction set

<!-- Printed by `python -m host.pages.instruction_set` from gateware/isa.py; a test compares. -->

{purpose}

`celosia inspect --program` lists the program of a model in words.

## A token

The host writes the token id and its position into registers, the address of the first instruction too, and
starts. Instructions run in order until `END`; there are no branches. What depends on the position is in the
`_grow` fields: with position p there are p + 1 positions, this one included. What depends on the token id or
the position in an address is `stream_index`. Tokens of a group follow each other: that of an instruction is at
position p + `member`.

**Memory runs ahead.** As instructions are fetched, their streams are requested, long before the instruction
that consumes them is executed. Data of all streams pass one FIFO in the order of the program. A stream of
something that this token stores (its own K and V) says `wait`: it is requested only when every earlier store
has reached DRAM.

**State between instructions:** the scratchpad (fp32 elements), 64 scalar registers (fp32), the x-buffer (one
vector of 18-bit mantissas per logical column, with an exponent per 256 elements) and DRAM. All of it stays
from token to token; a program that reads only what it wrote itself does not notice. Scalar register 0 is
never written and is zero.

## Windows

With `window` w and `sinks` s a token at position p sees positions p - w + 1 to p, and those below s
(`gateware/window.py` and `gateware/extent.py` are the definition). Positions leave 32 at a time, when none of them is
seen any more, and never the first s, rounded up to a multiple of 32: the front. What is left, in order, is what grows:
n elements in place of p + 1. Elements from s on that are before the window are hidden: a `VECTOR` writes +0 for them
whatever its operands are, and its `MAX` and `LARGEST` pass over them. So nothing depends on how tokens are grouped, as
long as all of a group have the same positions left; the host ends a group before positions leave.

In DRAM the front keeps its place, and others go round a ring of w + 31 positions, rounded up to a multiple of 32: a
position p beyond the front f has place f + (p - f) mod ring. `STORE` and `MEMORY` write there; place takes the role of
the position in their addresses. A line of a stream has `stream_index_stride` bus words for each
2\\*\\*`stream_grow_shift` positions, and is read in up to three pieces: the front, from the oldest position to the
end of the ring, and from the begin of the ring. `DOT` with `rows_grow` reads no front and only the rows of the window,
for a group from the first one of its first token to its last token, or from row s on if the window has not left the
sinks; results of these rows go to the elements that they are in order, counted from `destination`. One with `sinks` and
no window does the rows of the sinks. Other streams begin and end with whole runs of 2\\*\\*`stream_grow_shift`
positions.

An instruction with a window has a stream whose lines grow, or stores, or neither; `stream_index` is `NONE`, and its
`store_base` is 0 unless it stores.

## DOT

Each row of the streamed matrix times each of the first `columns` vectors of the x-buffer: exact in integers,
rounded once, to fp32 (`gateware/exact/dot.py` is the definition). In memory a row is first all its scales,
then all its sub-scales if it has any, then all its codes. Each of these parts begins on a bus word, as the row does;
with `packed` each begins on a word of 32 bits. Result of row r and column c goes to scratchpad element
`destination + c * destination_stride + r`; with sink `MEMORY` to DRAM, as fp32, at byte
`store_base + position * store_index_stride + 4 * c * destination_stride + r * store_stride`; or nowhere. With
reduction `ARGMAX`, wherever the results go, the host can read of each column the row of its largest result, the
lowest of equals.

With `paired` a row of the stream is two rows of the matrix: row 2r has the lower halves of the bytes, row 2r + 1
the upper ones, each an element of 4 bits.

With `expand` there is one row, and its elements themselves, code times scale, are the results: it reads one
row of a table, the embedding.

## VECTOR

`function(a * b + c)` for each of `length` elements, in IEEE binary32: the product is rounded, the sum is
rounded, then comes the function (`gateware/exact/vector_pass.py` is the definition). Results go to `sink`
and, reduced, to scalar register `reduce_destination`.

Scratchpad addresses of vectors are multiples of 16 elements. A pass may write in place (`destination` = `a`);
its destination may not overlap its sources in any other way. `b_wrap` is a multiple of the lanes of the
vector unit. `COLUMN` fills the last vector of 32 with zeros. `STORE` writes element i as `code_bits` at byte
`store_base + position * store_index_stride + i * store_stride`, and the one scale of all elements as fp32 at
byte `scale_base + 4 * position`; it takes at most 256 elements. Codes of 16 bits have a power of two as scale,
which follows from the largest element. Codes of 8 and 4 bits are the elements rounded to integers, which the
program has divided by the scale in scalar register `reduce_destination`; there is no reduction then. Of
4 bits, elements 2i and 2i + 1 are the lower and upper half of the byte that would be that of element i.

`MEMORY` writes element i as fp32 at byte `store_base + position * store_index_stride + i * store_stride`, of any number
of elements, one per cycle; address and strides are multiples of 4. It can be read again as a stream with `wait`.

## The word

{bits} bits, little endian, the first field in the lowest bits; {unused} bits at the top are zero. Bus words
are those of the configuration (`bus_bits`). Fields of units that an instruction does not use are zero.
"""


def _fields():
    """One table per group of fields."""
    offset, rows = 0, {group: [] for group in _GROUPS}
    for field in isa.FIELDS:
        top = offset + field.bits - 1
        place = f"{top}:{offset}" if top > offset else str(offset)
        kind = f" [{field.kind.__name__}](#{field.kind.__name__.lower()})" if field.kind else ""
        rows[field.section].append([place, f"`{field.name}`", str(field.bits), text(field.doc) + kind])
        offset = top + 1
    for group, heading in _GROUPS.items():
        yield f"### {heading}\n\n" + table(["Bits", "Field", "Width", "Meaning"], rows[group])


def _enumerations():
    """One table per enumeration, in the order in which fields use them."""
    for kind in dict.fromkeys(field.kind for field in isa.FIELDS if field.kind):
        yield enumeration(kind)


def page():
    """The page (str, Markdown).

    Returns
    -------
    str
    """
    purpose = isa.__doc__.split("\n\n")[1]
    used = sum(field.bits for field in isa.FIELDS)
    introduction = _INTRODUCTION.format(purpose=text(purpose), bits=isa.INSTRUCTION_BITS,
                                        unused=isa.INSTRUCTION_BITS - used)
    return "\n".join([introduction, *_fields(), "## Values\n", *_enumerations()])


if __name__ == "__main__":
    print(page(), end="")
