"""Prints docs/image.md: the memory image, so that somebody else can write one.

Run as ``python -m host.pages.image``.
"""

from dataclasses import fields
import inspect
import re
import struct

from gateware.isa import CodeKind, INSTRUCTION_BITS, SUPER_VECTORS, Scale, VECTOR_CODES
from host.compiler.part import Part
from host.image.formats import FORMATS
from host.image.formats.trit_bytes import BUNDLE_BYTES, BUNDLE_VECTORS
from host.image.header import FORMAT, HEADER_BYTES, Header, MAGIC, VERSION
from host.image.memory_map import ALIGNMENT
from host.image.program_table import ENTRY_BYTES, ENTRY_FORMAT, ProgramEntry
from host.pages.image_vectors import examples
from host.pages.markdown import table, text

__all__ = ["page"]

_INTRODUCTION = """\
# The memory image

<!-- Printed by `python -m host.pages.image` from host/image and host/compiler/placement.py; a test compares. -->

What DRAM holds before the first token, byte by byte. A loader copies it; somebody who packs models in another language
can write it from this page: its end has examples in hex.

All numbers are little-endian. Addresses are of bytes and begin with 0 at the header. A **bus word** has `bus_bits` / 8
bytes, which is part of the configuration; an image is for one configuration. A **vector** is {vector} consecutive codes
of a row. What is called padding is zero here; nobody reads it.

## Header

{header_bytes} bytes: magic `{magic}`, then what follows; the rest is zero.

{header}
## Regions

One after another, each at a multiple of {alignment} bytes:

1. the header;
2. the programs: {instruction_bytes} bytes for each instruction ([instruction-set.md](instruction-set.md)), one program
   after another, each up to an `END`. Which they are, the table says;
3. numbers that depend on the position alone, such as the cosines and sines of RoPE, or learned vectors: a row per
   position of fp32 vectors, each of which begins with a bus word;
4. the tensors of the file in the order of the file. One that is no matrix (a norm, a bias) is fp32, element after
   element. A matrix is rows as the next section has them, from row 0 on. What a file has fused (queries, keys and
   values; gate and up) is one after another, each a region. Where RoPE turns elements i and i + r / 2 of a head
   together, r of which are rotated, they lie side by side: rows of the matrices of queries and keys, their biases and
   the weights of their norms are in the order 0, r / 2, 1, r / 2 + 1 and so on in every head, then those that are not
   rotated. A bias of the logits is two blocks more at the end of each row of the output matrix, whose first elements
   add up to it; in the place of the bias is what is behind the states: 1 for these elements, 0 for the others;
5. the table of the programs (below);
6. `content_bytes` ends here. The rest starts as zeros and need not be loaded: for each layer, for each of its KV heads,
   its K, its V, the scales of its K, those of its V, each a region; then `results`; at last, of a model that caps
   logits, the same before that. `image_bytes` is the end of it, as a multiple of {header_bytes}.

An encoder has regions for the K and V of two layers; the third has those of the first, and so on. The results of a
decoder are the logits of a group, which follow each other; those of an encoder are the states of a text, each of which
begins with a bus word.

## The table of the programs

An entry of {entry_bytes} bytes for each of the `programs`, in their order:

{entry}
What a program computes, by `part`:

{parts}
A text goes through an encoder like this. For each group of its tokens, ENTER and KEEP 0, with the position of the
first; then for every layer l from 0 on, for each group, LAYER l and KEEP l + 1. ENTER and LAYER leave the states of
their group in the scratchpad, KEEP takes them from there. In KEEP and LAYER the id of a token is its own position, and
while LAYER runs the position is that of the text's last token. What LAYER reads of a layer is complete when KEEP has
run for all groups.

## A row of a matrix

A row is three parts: its scales, its sub-scales (if the format has any), its codes. Each is padded to a multiple of

* 4 bytes, if that makes the row shorter than bus words do, and the codes are no trits: rows are **packed**, follow each
  other without anything between them, and the field `packed` of their instructions is 1;
* a bus word otherwise.

The value of an element is `scale * sub_scale * code - minimum * sub_minimum`. Where a format has no sub-scales these
are 1; where it has no minimum there is nothing to subtract.

**Scales.** One for each vector, or one for each 2, 4 or 8 vectors ({super_vectors} in formats with super-blocks), or
two for each. Either an fp16, or one signed byte e that stands for 2**e, or a byte of UE4M3 that stands for half of what
it says: an exponent of four bits over three bits of a significand. Where a format has a minimum, an fp16, it follows
its scale: scale 0, minimum 0, scale 1, minimum 1, and so on.

**Sub-scales.** One for 16 or 32 codes. For each super-block all its sub-scales in the order of the codes, then all its
sub-minimums if there are any; then the next super-block's. These numbers, up to a multiple of {vector} filled with
zeros, are vectors and lie in bit-planes as codes do.

**Codes.** A row is filled with zero codes up to a multiple of {vector}. In **bit-planes** a vector of codes of n bits
is n words of 32 bits: bit j of word k is bit k of code j (two's complement), so that word 0 has the lowest bits of all
codes. A code of one bit is 1, or -1 where the bit is 0. **Trits**, codes that are -1, 0 or 1, lie five to a byte.
{bundle_vectors} vectors are a **bundle** of
{bundle_bytes} bytes; a row is filled with zero codes up to a whole one. Byte 8 * r + j of them, with r of 0..3 and j of
0..7, is the sum of `3**i * digit[i]` for i of 0..4, where digits 0 to 3 are 1 more than codes 4 * j to 4 * j + 3 of
vector r, and digit 4 is 1 more than code 8 * r + j of vector 4.

## Formats

Codes of kind SIGNED are two's complement, UNSIGNED 0 and up, TABLE indices into sixteen numbers that the program loads.

{formats}
Which code, scale and sub-scale of a block is whose is ggml's: the value above is the one that ggml dequantises to. What
a block has, in this order, and what becomes of it:

{blocks}
F32, F16 and BF16 become fp32 (exactly) and are rounded: the exponent of a vector of {vector} elements is e = max(E -
14, -128), where E is the biased exponent field of its largest magnitude less 127, -127 if all are zero or subnormal. A
code is element / 2**e, rounded to nearest even, -32767 at least and 32767 at most; subnormal elements are zero.

## The KV cache

Of codes of `kv_bits` bits, which lie in the order of the elements: 16 bits are two bytes, 8 bits one, 4 bits half a
byte, the first of two in its lower half. Dimensions are those of a head. Rows are padded to a multiple of {vector}
elements, then to a bus word.

* **K**: a row for each position, of all dimensions.
* **V**: a row for each dimension, of all positions. Of 4 bits: a row for each two dimensions, of a byte for each
  position, which has dimension 2i in its lower half and 2i + 1 in its upper half.
* **Scales** of K and of V: an fp32 for each position. The value is code * scale; codes of 16 bits have a power of two.

There is room for as many positions as the context has. In a layer of a decoder with a window that is shorter than the
context, there is room for no more than the front and the ring have, and a position lies at its place among these
([instruction-set.md](instruction-set.md#windows)).

## Examples

{examples}"""


def _documented(kind):
    """What the docstring of a dataclass says of every field: dict of str to str."""
    return dict(re.findall(r"^    (\w+) : .*\n((?:        .*\n)+)", inspect.getsource(kind), re.MULTILINE))


def _fields(form, names, meanings, offset=0):
    """Offset, bytes, name and meaning of every field of a structure."""
    rows = []
    for name, code in zip(names, form, strict=True):
        size = struct.calcsize(f"<{code}")
        rows.append([str(offset), str(size), f"`{name}`", text(meanings[name])])
        offset += size
    return table(["Byte", "Size", "Field", "Meaning"], rows)


def _header():
    names = ["version", "header_bytes", *(field.name for field in fields(Header))]
    meanings = {"version": f"{VERSION}", "header_bytes": f"{HEADER_BYTES}"} | _documented(Header)
    return _fields(FORMAT.removeprefix("<8s"), names, meanings, len(MAGIC))


def _entry():
    names = [field.name for field in fields(ProgramEntry)]
    return _fields(ENTRY_FORMAT.removeprefix("<"), names, _documented(ProgramEntry))


def _parts():
    """Number, name and meaning of every part."""
    meanings = dict(re.findall(r"^    (\w+) = .*#: (.*)$", inspect.getsource(Part), re.MULTILINE))
    return table(["Part", "Name", "From, to"], [[str(number), part.name, meanings[part.name]]
                                               for number, part in enumerate(Part)])


def _scales(form):
    kind = {Scale.FP16: "fp16", Scale.POWER: "power of two", Scale.UE4M3: "UE4M3"}[form.scale_kind]
    return f"{kind} for {form.super_vectors * VECTOR_CODES // form.vector_scales}"


def _subs(form):
    if not form.sub_bits:
        return ""
    return f"{form.sub_bits} bits, {'signed' if form.sub_signed else 'unsigned'}, for {form.sub_codes}"


def _formats():
    rows = [[name, "five to a byte" if form.code_kind == CodeKind.TRITS else f"{form.code_bits}", form.code_kind.name,
             _scales(form), "yes" if form.minimum else "", _subs(form)] for name, form in FORMATS.items()]
    return table(["Format", "Bits of a code", "Kind", "Scale", "Minimum", "Sub-scales"], rows)


def _blocks():
    """What the functions that split blocks say of them."""
    return "".join(f"* **{name}**: {text(form.split.__doc__.split('Raises')[0])}\n" for name, form in FORMATS.items()
                   if form.scale_kind != Scale.POWER or form.code_kind == CodeKind.TABLE)


def page():
    """The page (str, Markdown)."""
    return _INTRODUCTION.format(
        vector=VECTOR_CODES, header_bytes=HEADER_BYTES, magic=MAGIC.hex(" "), header=_header(), entry=_entry(),
        entry_bytes=ENTRY_BYTES, parts=_parts(), alignment=ALIGNMENT,
        instruction_bytes=INSTRUCTION_BITS // 8, super_vectors=SUPER_VECTORS, bundle_vectors=BUNDLE_VECTORS,
        bundle_bytes=BUNDLE_BYTES, formats=_formats(), blocks=_blocks(),
        examples="\n".join(f"{title}\n\n```\n{body}```\n" for title, body in examples()))


if __name__ == "__main__":
    print(page(), end="")
