"""Prints docs/link.md from the definitions in soc/link/protocol.py.

Run as ``python -m host.pages.link``.
"""

from host.pages.markdown import enumeration, table, text
from soc.link import protocol

__all__ = ["page"]

_TITLE = """\
# The link between host and board

<!-- Printed by `python -m host.pages.link` from soc/link/protocol.py; a test compares. -->
"""

_FRAME = """\
## A frame

Delimiter `{delimiter:#04x}`, header, payload (at most {payload} bytes), CRC-32, delimiter. All numbers are
little-endian. Between the delimiters `{delimiter:#04x}` and `{escape:#04x}` are sent as `{escape:#04x}` and
the byte XOR `{bit:#04x}`.

{fields} Why delimiters and not a length: a length with a wrong bit swallows the frames that follow, or needs
a clock that decides when a frame has ended. A delimiter with a wrong bit joins two frames, which then have
the wrong CRC; a wrong bit that makes a delimiter cuts a frame in two, neither of which is right. Either way
the next delimiter is a beginning. A host that vanishes leaves half a frame, which the first byte of the next
host ends. Random data grow by one byte in 128.

Why not answer a repeated request from memory: every request can simply be carried out again, so the board
keeps nothing but the number that it expects.

## Loading a model

The image is cut into blocks of 64 KiB. The host asks for the CRC of each, which the board computes at the
speed of its DRAM, sends the blocks that differ, and asks again. So a model that is there already is not sent,
a load that was interrupted goes on where it was, and every load is verified.

## Running a program

Write `POSITION` and `PROGRAM`; for each token of the group `MEMBER` and `TOKEN`; then
`START`. Read `BUSY` until it is 0. `ARGMAX` is that of `MEMBER`; logits lie in DRAM if the program stores them. While
`BUSY` is 1, registers can be read, and everything else is refused.

Boards of version {guarded} guard their programs. One that asks for memory beyond the end of the DRAM is ended before
the request is made, and so is one that runs when `ABORT` is written, which is never refused: what is under way
between accelerator and DRAM is completed, then the accelerator is reset. `BUSY` is 1 until that has been done; then
`FAULT` says how the program ended, and the next one runs as if nothing had happened. Boards of version {version} have
neither register: there a program that does not end is ended by switching the board off.

## A terminal on the same line

A board with a processor has its terminal on the same line. A frame begins with a delimiter, an opcode and a status,
both below {codes}; all bytes of a line that are not between such a beginning and the next delimiter are text, in both
directions. So text may have any bytes but two below {codes} behind one another, which no keyboard makes and no terminal
shows. Frames are sent whole, text comes only between them.

A delimiter that is typed (`~`) is held back by the board until the next byte shows that no frame begins, or nothing
has come for 20 ms. A frame that pauses for longer than that in its middle is given up: what follows of it is text.
What is left of a frame whose beginning was damaged is text as well, for which the terminal has to be prepared.

## Values
"""


def page():
    """The page (str, Markdown).

    Returns
    -------
    str
    """
    _, *paragraphs = protocol.__doc__.strip().split("\n\n")
    offset, rows = 0, []
    for field in protocol.FIELDS:
        rows.append([str(offset), str(field.size), f"`{field.name}`", text(field.doc)])
        offset += field.size
    frame = _FRAME.format(delimiter=protocol.DELIMITER, escape=protocol.ESCAPE, bit=protocol.ESCAPE_BIT,
                          payload=protocol.PAYLOAD_BYTES, codes=protocol.CODES, version=protocol.VERSION,
                          guarded=protocol.GUARDED_VERSION,
                          fields=table(["Byte", "Size", "Field", "Meaning"], rows))
    return "\n".join([_TITLE, *(paragraph.replace("``", "`") + "\n" for paragraph in paragraphs[:-1]), frame,
                      *map(enumeration, (protocol.Opcode, protocol.Status, protocol.Register, protocol.Fault))])


if __name__ == "__main__":
    print(page(), end="")
