"""Space in the scratchpad for the vectors of a program."""

from dataclasses import dataclass
from functools import lru_cache

from gateware.isa import Opcode, Sink
from host.compiler.changed import changed

__all__ = ["Address", "Scratchpad", "Vectors", "most_elements"]

_ALIGNMENT = 16
_OPERANDS = ("a", "b", "c", "destination")


def _aligned(elements):
    return elements + -elements % _ALIGNMENT


class Vectors:
    """Equally long vectors in the scratchpad, one after another, which get their place when the program is complete.

    ``vectors[i]`` is the address of vector ``i``.

    Parameters
    ----------
    elements : function of int
        Elements in all, for a context.
    stride : int
        From the begin of a vector to that of the next.
    kept : bool
        They have their place for the whole of the program, and in all programs that begin by asking for the same.
    """

    def __init__(self, elements, stride, *, kept):
        self.elements, self.stride, self.kept = elements, stride, kept

    def __getitem__(self, index):
        return Address(self, index * self.stride)


@dataclass(frozen=True)
class Address:
    """An element of `Vectors`."""

    vectors: Vectors
    offset: int

    def __add__(self, elements):
        return Address(self.vectors, self.offset + elements)


@dataclass(frozen=True)
class _Life:
    """Instructions from the first to the last that may need some vectors, and their elements."""

    first: int
    last: int
    elements: int

    def meets(self, other):
        return self.first <= other.last and other.first <= self.last


class Scratchpad:
    """Vectors that the parts of a program ask for, and where they come to lie.

    Vectors whose lives do not meet share space. A life lasts from the first instruction that names the vectors to the
    last one, and beyond it as long as `DOT` instructions follow that may begin beside that one: sharing never makes two
    instructions wait for one another that could execute side by side.

    Parameters
    ----------
    context : int
        Positions of the KV cache.
    """

    def __init__(self, context):
        self._context = context
        self._all = []

    def take(self, length, count=1, *, stride=None, tail=0, kept=False):
        """Ask for vectors.

        Parameters
        ----------
        length, count : int
            Elements of a vector, and vectors.
        stride : int, optional
            From one to the next; by default as close as alignment allows.
        tail : int
            Elements behind the last one that are written, too.
        kept : bool
            See `Vectors`.

        Returns
        -------
        Vectors
        """
        stride = _aligned(length) if stride is None else stride
        total = (count - 1) * stride + _aligned(length + tail)
        return self._add(Vectors(lambda context: total, stride, kept=kept))

    def take_positions(self, count, *, most=None):
        """Ask for vectors with an element for every position of the context, but not more than ``most``."""
        def stride(context):
            return _aligned(context if most is None else min(context, most))

        return self._add(Vectors(lambda context: count * stride(context), stride(self._context), kept=False))

    def _add(self, vectors):
        self._all.append(vectors)
        return vectors

    def place(self, program):
        """Give all vectors their place.

        Parameters
        ----------
        program : list of Instruction
            With an `Address` wherever it uses vectors.

        Returns
        -------
        list of Instruction, int
            The program with numbers in their place, and how many elements it needs.
        """
        bases, used = self._bases(self._lives(program), self._context)

        def resolved(instruction):
            addresses = {name: value for name in _OPERANDS if isinstance(value := getattr(instruction, name), Address)}
            return changed(instruction, **{name: bases[value.vectors] + value.offset
                                           for name, value in addresses.items()}) if addresses else instruction

        return [resolved(instruction) for instruction in program], used

    def used(self, program):
        """A function from a context to the elements that `program` needs with it."""
        lives = self._lives(program)
        return lambda context: self._bases(lives, context)[1]

    def _lives(self, program):
        """First and last instruction of all vectors that do not last for ever: dict of Vectors to (int, int)."""
        first, last = {}, {}
        beside = _last_dots_beside(program)
        for index, instruction in enumerate(program):
            for name in _OPERANDS:
                if isinstance(value := getattr(instruction, name), Address) and not value.vectors.kept:
                    first.setdefault(value.vectors, index)
                    last[value.vectors] = beside.get(index, index)
        return {vectors: (first[vectors], last[vectors]) for vectors in first}

    def _bases(self, lives, context):
        """Address of all vectors, and the end of the last."""
        bases, end = {}, 0
        for vectors in self._all:
            if vectors.kept:
                bases[vectors] = end
                end += vectors.elements(context)
        most, segment, reach = end, [], -1
        for vectors, (first, last) in sorted(lives.items(), key=lambda item: item[1]):
            if first > reach:
                most = max(most, self._place_segment(segment, bases, end))
                segment = []
            segment.append((vectors, _Life(first, last, vectors.elements(context))))
            reach = max(reach, last)
        return bases, max(most, self._place_segment(segment, bases, end))

    @staticmethod
    def _place_segment(segment, bases, start):
        """Place vectors whose lives are connected, from an address on, and return where they end."""
        if not segment:
            return start
        begin = segment[0][1].first
        offsets, elements = _arranged(tuple(
            _Life(life.first - begin, life.last - begin, life.elements) for _vectors, life in segment))
        for (vectors, _life), offset in zip(segment, offsets):
            bases[vectors] = start + offset
        return start + elements


def most_elements(fits, most):
    """The largest number up to `most` for which `fits` is true, as it is for all smaller ones; 0 if for none."""
    least, beyond = 0, most + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        least, beyond = (middle, beyond) if fits(middle) else (least, middle)
    return least


def _last_dots_beside(program):
    """For each `VECTOR`, the last `DOT` that may begin while it executes: dict of int to int."""
    result, vector = {}, None
    for index, instruction in enumerate(program):
        match instruction.opcode:
            case Opcode.VECTOR:
                vector = index
            case Opcode.DOT if vector is not None:
                before = program[vector]
                if before.sink == Sink.COLUMN and not instruction.expand and before.destination < instruction.columns:
                    # It waits for the column, and all that follow wait for it.
                    vector = None
                else:
                    result[vector] = index
    return result


@lru_cache(maxsize=4096)
def _arranged(lives):
    """Offsets of vectors such that none of them meet, and the elements that they take.

    Large ones go first, each to the lowest place that is free for all of its life; or early ones, if that takes less.
    Layers are alike, which the cache makes use of.
    """
    orders = (lambda life: (-life.elements, life.first), lambda life: (life.first, -life.elements))
    return min((_in_order(lives, sorted(range(len(lives)), key=lambda index: order(lives[index]))) for order in orders),
               key=lambda result: result[1])


def _in_order(lives, order):
    offsets, taken = {}, []
    for index in order:
        life, offset = lives[index], 0
        for start, end in sorted((offsets[other], offsets[other] + lives[other].elements) for other in taken
                                 if lives[other].meets(life)):
            if start - offset >= life.elements:
                break
            offset = max(offset, end)
        offsets[index] = offset
        taken.append(index)
    return [offsets[index] for index in range(len(lives))], max(
        offsets[index] + lives[index].elements for index in range(len(lives)))
