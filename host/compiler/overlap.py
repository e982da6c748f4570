"""Which instructions may execute side by side."""

from dataclasses import replace

from gateware.extent import extent
from gateware.isa import Opcode, Reduce, Sink, Source

__all__ = ["conflict", "overlapped"]

_MOST_DOTS = 2
_GROUP = 16
"""Elements that the scratchpad may access together: the most vector lanes there can be."""

_WORD_BYTES = 4
_WRITER = ("writer", 0, 1)


def overlapped(program, context):
    """The instructions of ``program`` with their ``behind``.

    A ``VECTOR`` may run beside the latest ``DOT`` instructions before it, and a ``DOT`` beside the latest ``VECTOR``
    before it, as long as neither uses what the other one writes.

    Parameters
    ----------
    program : list of gateware.isa.Instruction
    context : int
        Most positions: the longest that anything grows.

    Returns
    -------
    list of gateware.isa.Instruction
    """
    dots, vector, result = [], None, []
    for instruction in program:
        uses = _uses(instruction, context)
        behind = 0
        match instruction.opcode:
            case Opcode.VECTOR:
                while behind < min(len(dots), _MOST_DOTS) and not _conflict(dots[-1 - behind], uses):
                    behind += 1
                vector = uses
            case Opcode.DOT:
                behind = int(vector is not None and not _conflict(vector, uses))
                dots.append(uses)
        result.append(replace(instruction, behind=behind))
    return result


def conflict(one, other, context):
    """Whether two instructions, with up to ``context`` positions, must execute one after the other."""
    return _conflict(_uses(one, context), _uses(other, context))


def _conflict(one, other):
    return any(_meet(a, b) for a in one[1] for b in other[0] + other[1]) or any(
        _meet(a, b) for a in one[0] for b in other[1])


def _meet(one, other):
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _uses(i, context):
    """What an instruction reads and what it writes, as lists of (space, first, end)."""
    # At the last position; how wide the bus is does not matter for what is not in DRAM.
    longest = extent(i, token=0, position=context - 1 - i.member, bus_bytes=_WORD_BYTES)
    match i.opcode:
        case Opcode.VECTOR:
            return _vector_uses(i, longest.length)
        case Opcode.DOT:
            return _dot_uses(i, longest.results)
        case _:
            return [], []


def _dot_uses(i, results):
    reads = [] if i.expand else [("column", 0, i.columns)]
    if i.sink == Sink.ARGMAX:
        return reads, [_WRITER]
    columns = 1 if i.expand else i.columns
    return reads, [_elements(i.destination + column * i.destination_stride, results) for column in range(columns)]


def _vector_uses(i, length):
    reads, writes = [], []
    for name, span in (("a", length), ("b", i.b_wrap or length), ("c", length)):
        match getattr(i, f"{name}_source"):
            case Source.SCRATCHPAD:
                reads.append(_elements(getattr(i, name), span))
            case Source.SCALAR:
                reads.append(("scalar", getattr(i, name), getattr(i, name) + 1))
    match i.sink:
        case Sink.SCRATCHPAD:
            writes.append(_elements(i.destination, length))
        case Sink.COLUMN:
            writes.append(("column", i.destination, i.destination + 1))
        case Sink.STORE:
            writes.append(_WRITER)
    if i.reduce != Reduce.NONE:
        writes.append(("scalar", i.reduce_destination, i.reduce_destination + 1))
    return reads, writes


def _elements(first, count):
    return ("scratchpad", first - first % _GROUP, first + count + -(first + count) % _GROUP)
