"""Which instructions may execute side by side."""

from bisect import bisect_left, bisect_right
from dataclasses import replace

from gateware.extent import extent
from gateware.isa import Index, Opcode, Reduce, Sink, Source
from gateware.window import Window
from host.compiler.changed import changed

__all__ = ["conflict", "overlapped"]

_MOST_DOTS = 2
_SPAN = 16
"""Elements that the scratchpad may access together: the most vector lanes there can be."""

_FP32_BYTES = 4
_MOST_WORDS = 1 << 32
_WRITER = ("writer", 0, 1)


def overlapped(program, context, bus_bytes):
    """The instructions of ``program`` with their ``overlap``.

    A ``VECTOR`` may run beside the latest ``DOT`` instructions before it, and a ``DOT`` beside the latest ``VECTOR``
    before it, as long as neither uses what the other one writes.

    Parameters
    ----------
    program : list of gateware.isa.Instruction
    context : int
        Most positions: the longest that anything grows.
    bus_bytes : int
        Bytes of a bus word.

    Returns
    -------
    list of gateware.isa.Instruction

    Raises
    ------
    ValueError
        If a stream reads what an instruction before it stores, and does not wait.
    """
    dots, vector, result, stored = [], None, [], _Stored()
    for instruction in program:
        uses = _uses(instruction, context, bus_bytes)
        if not instruction.wait and any(stored.meets(*use[1:]) for use in uses[0] if use[0] == "memory"):
            raise ValueError(f"Stream of instruction {instruction.label!r} must wait: an instruction before it stores "
                             "what it reads")
        for use in uses[1]:
            if use[0] == "memory":
                stored.add(*use[1:])
        overlap = 0
        match instruction.opcode:
            case Opcode.VECTOR:
                while overlap < min(len(dots), _MOST_DOTS) and not _conflict(dots[-1 - overlap], uses):
                    overlap += 1
                vector = uses
            case Opcode.DOT:
                overlap = int(vector is not None and not _conflict(vector, uses))
                dots.append(uses)
        result.append(changed(instruction, overlap=overlap))
    return result


def conflict(one, other, context, bus_bytes):
    """Whether two instructions, with up to ``context`` positions, must execute one after the other."""
    return _conflict(_uses(one, context, bus_bytes), _uses(other, context, bus_bytes))


class _Stored:
    """Ranges of bytes, none of which touches another."""

    def __init__(self):
        self._firsts, self._ends = [], []

    def meets(self, first, end):
        """Whether a byte of a range is in one of these."""
        index = bisect_right(self._ends, first)
        return index < len(self._firsts) and self._firsts[index] < end

    def add(self, first, end):
        """Join a range with those that it touches."""
        low, high = bisect_left(self._ends, first), bisect_right(self._firsts, end)
        if low < high:
            first, end = min(first, self._firsts[low]), max(end, self._ends[high - 1])
        self._firsts[low:high], self._ends[low:high] = [first], [end]


def _conflict(one, other):
    return any(_meet(a, b) for a in one[1] for b in other[0] + other[1]) or any(
        _meet(a, b) for a in one[0] for b in other[1])


def _meet(one, other):
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _uses(i, context, bus_bytes):
    """What an instruction reads and what it writes, as lists of (space, first, end); of DRAM, bytes of any position."""
    first, last = (extent(i, token=0, position=position - i.member, bus_bytes=bus_bytes)
                   for position in (0, context - 1))
    if i.window:
        last = _whole_ring(i, last, context)
    match i.opcode:
        case Opcode.VECTOR:
            reads, writes = _vector_uses(i, last.length)
            halves = i.sink == Sink.STORE and i.code_bits == 4
            stored = (((last.length >> halves) - 1) * i.store_stride, _FP32_BYTES if i.sink == Sink.MEMORY else 2)
        case Opcode.DOT:
            reads, writes = _dot_uses(i, last.results)
            farthest = _FP32_BYTES * (i.columns - 1) * i.destination_stride + (last.results - 1) * i.store_stride
            stored = farthest, _FP32_BYTES
        case _:
            return [], []
    if last.lines:
        # How many rows a table has that the token chooses from is not known here.
        end = _MOST_WORDS if i.stream_index == Index.TOKEN else last.base + (last.lines - 1) * last.stride + last.beats
        reads.append(("memory", first.base * bus_bytes, end * bus_bytes))
    if last.stores:
        writes += [_WRITER, ("memory", first.store_address, last.store_address + sum(stored))]
    if i.sink == Sink.STORE:
        writes.append(("memory", first.scale_address, last.scale_address + _FP32_BYTES))
    return reads, writes


def _whole_ring(i, e, context):
    """The extent of an instruction with a window, made to cover those at all positions."""
    window = Window(i.window, i.sinks)
    most, places = min(context, window.most), min(context, window.places)
    line = ((i.stream_base, -(-places >> i.stream_grow_shift) * i.stream_index_stride),)
    return replace(e, pieces=line if e.lines else e.pieces, results=most if i.rows_grow else e.results,
                   length=most if i.length_grow else e.length,
                   store_address=i.store_base + (places - 1) * i.store_index_stride,
                   scale_address=i.scale_base + (places - 1) * _FP32_BYTES)


def _dot_uses(i, results):
    reads = [] if i.expand else [("column", 0, i.columns)]
    columns = 1 if i.expand else i.columns
    if i.sink != Sink.SCRATCHPAD:
        return reads, []
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
    if i.reduce != Reduce.NONE:
        writes.append(("scalar", i.reduce_destination, i.reduce_destination + 1))
    return reads, writes


def _elements(first, count):
    return ("scratchpad", first - first % _SPAN, first + count + -(first + count) % _SPAN)
