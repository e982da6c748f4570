"""Which programs an image holds, and where."""

from dataclasses import astuple, dataclass, fields
import struct

from host.compiler.part import LayerPart, Part

__all__ = ["ENTRY_BYTES", "ENTRY_FORMAT", "NO_LAYER", "ProgramEntry", "program_table", "unpack_table"]

ENTRY_FORMAT = "<IIIIQ"
"""The fields of `ProgramEntry`, as :mod:`struct` has them."""

ENTRY_BYTES = struct.calcsize(ENTRY_FORMAT)

NO_LAYER = 0xFFFFFFFF
"""Layer of a part that is not about one."""


@dataclass(frozen=True, kw_only=True)
class ProgramEntry:
    """A program of an image.

    Attributes
    ----------
    part : int
        What it computes: see below.
    layer : int
        Which layer, of parts that every layer has a program for; else 4294967295.
    tokens : int
        Tokens of a group.
    instructions : int
        Number of its instructions, ``END`` included.
    address : int
        Byte address of the first.
    """

    part: int
    layer: int
    tokens: int
    instructions: int
    address: int


def program_table(compiled):
    """The table of a compiled model, an entry after another in the order of the programs: bytes.

    Parameters
    ----------
    compiled : host.compiler.compiled.Compiled
    """
    numbers, table = {part: number for number, part in enumerate(Part)}, b""
    for (tokens, part), program in compiled.programs.items():
        kind, layer = (part.part, part.layer) if isinstance(part, LayerPart) else (part, NO_LAYER)
        entry = ProgramEntry(part=numbers[kind], layer=layer, tokens=tokens, instructions=len(program),
                             address=compiled.program_address(tokens, part))
        table += struct.pack(ENTRY_FORMAT, *astuple(entry))
    return table


def unpack_table(data):
    """The entries of a table: list of ProgramEntry."""
    names = [field.name for field in fields(ProgramEntry)]
    return [ProgramEntry(**dict(zip(names, values))) for values in struct.iter_unpack(ENTRY_FORMAT, data)]
