"""What an instruction reads and writes for a token at a position."""

from dataclasses import dataclass

from gateware.isa import FIELDS, Index, STORING, VECTOR_CODES
from gateware.window import Window

__all__ = ["Extent", "extent", "seen_positions"]

_WORD_BYTES = 4
_SCALE_BYTES = 4
_ADDRESS_BITS = 32
_BITS = {field.name: field.bits for field in FIELDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The addresses and lengths of an instruction, with the token id and the position put in.

    Attributes
    ----------
    pieces : tuple of (int, int)
        A line of the stream is one or more runs of bus words: the first word of each, in the first line, and how many
        words. More than one only with a window.
    offset : int
        Word of 32 bits of the first bus word with which a row of a packed matrix begins; 0 for every other stream.
    lines, stride : int
        Lines of the stream, and bus words from one to the next. 0 lines: the instruction has no stream.
    rows, vectors : int
        ``DOT``: rows of the matrix, pairs of rows if these are paired, and vectors of 32 codes in a row.
    results : int
        ``DOT``: results of a column.
    skip : int
        ``DOT``: elements of ``destination`` before those of its rows; not 0 only for rows that grow, with a window.
    length : int
        ``VECTOR``: elements of the pass.
    hidden : range
        ``VECTOR``: elements that are zero whatever the operands, and do not count in a reduction.
    stores : bool
        Results go to DRAM, to ``store_address`` and what follows: streams with ``wait`` wait for them.
    store_address, scale_address : int
        Byte addresses of the first element and of the scale that are stored. Unmoved fields where nothing is stored.
    """

    pieces: tuple
    offset: int
    lines: int
    stride: int
    rows: int
    vectors: int
    results: int
    skip: int
    length: int
    hidden: range
    stores: bool
    store_address: int
    scale_address: int

    @property
    def base(self):
        """First bus word of the stream."""
        return self.pieces[0][0]

    @property
    def beats(self):
        """Bus words of a line."""
        return sum(beats for _first, beats in self.pieces)

    @property
    def read_beats(self):
        """Bus words of the whole stream."""
        return self.lines * self.beats


def extent(instruction, *, token, position, bus_bytes):
    """What ``instruction`` reads and writes.

    This is the meaning of the fields that move and grow: :class:`gateware.control.resolver.Resolver` computes the
    same, and host code calls this. Numbers wrap at the width that the gateware has for them: 32 bits for addresses, the
    width of its field for everything else.

    Parameters
    ----------
    instruction : gateware.isa.Instruction
        With a window it has a stream of which the lines grow, or stores, or neither of both. Rows then grow only if a
        line grows by single positions; others grow by as many as divide 32.
    token : int
        Id of the token that the instruction is about, member ``instruction.member`` of its group.
    position : int
        Position of the first token of the group; that of the instruction's token is ``position + member``, which must
        be below 65536.
    bus_bytes : int
        Bytes of a bus word.

    Returns
    -------
    Extent
    """
    i, here = instruction, position + instruction.member
    window = Window(i.window, i.sinks) if i.window else None
    # Elements up to that of the token itself, and which of them its window begins with. Rows of K are for all members.
    seen, positions, first = position if i.rows_grow else here, here + 1, 0
    if window:
        positions -= window.left(seen)
        first = window.first(seen) - window.left(seen)
    elif i.sinks:
        positions = min(positions, i.sinks)
    skip = max(first, min(i.sinks, positions - 1)) if window and i.rows_grow else 0
    offset, lines = 0, positions if i.stream_lines_grow else i.stream_lines
    if window and lines:
        pieces = _ring_pieces(i, window, window.left(seen), skip, positions)
    else:
        pieces, offset = _line(i, token, here, positions, bus_bytes // _WORD_BYTES)
    rows = positions - skip if i.rows_grow else i.rows
    vectors = _wrapped(-(-positions // VECTOR_CODES), _BITS["vectors"]) if i.vectors_grow else i.vectors
    stores = i.sink in STORING
    stored = (window.place(here) if window else here) if stores else 0
    return Extent(
        pieces=pieces, offset=offset, lines=lines, stride=i.stream_line_stride, rows=rows, vectors=vectors,
        results=vectors * VECTOR_CODES if i.expand else rows << i.paired, skip=skip,
        length=positions if i.length_grow else i.length,
        hidden=range(i.sinks, first) if window and i.length_grow else range(0), stores=stores,
        store_address=_wrapped(i.store_base + stored * i.store_index_stride, _ADDRESS_BITS),
        scale_address=_wrapped(i.scale_base + stored * _SCALE_BYTES, _ADDRESS_BITS))


def seen_positions(instruction, position):
    """Which positions the elements of an instruction that grows are of, in their order: list of int. Of rows with a
    window those that are read.

    Parameters
    ----------
    instruction : gateware.isa.Instruction
        Of a single token.
    position : int
        Its position.
    """
    i = instruction
    e = extent(i, token=0, position=position, bus_bytes=_WORD_BYTES)
    window = Window(i.window, i.sinks) if i.window else None
    left, front = (window.left(position), window.front) if window else (0, 0)
    count = position + 1 - left if window else min(position + 1, i.sinks or position + 1)
    return [element if element < front else element + left for element in range(e.skip, count)]


def _line(i, token, position, positions, words):
    """The only piece of a line, and the word of 32 bits with which it begins."""
    moved = (0, int(token), position)[i.stream_index] * i.stream_index_stride
    if i.packed and i.stream_index != Index.NONE:
        # One row of a packed matrix, which may begin anywhere in a bus word.
        base, offset = divmod(_wrapped(i.stream_base * words + moved, _ADDRESS_BITS), words)
        beats = -(-(offset + i.stream_line_beats) // words)
    else:
        base, offset, beats = _wrapped(i.stream_base + moved, _ADDRESS_BITS), 0, i.stream_line_beats
    if i.stream_line_grow:
        groups = -(-positions >> i.stream_grow_shift)
        beats = _wrapped(groups << i.stream_grow_scale, _BITS["stream_line_beats"])
    return ((base, beats),), offset


def _ring_pieces(i, window, left, skip, positions):
    """Pieces of a line that has its first positions in place and others in a ring, in the order of the elements."""
    step = 1 << i.stream_grow_shift
    begin = skip if i.rows_grow else window.front
    start = left % window.ring + begin
    parts = [] if i.rows_grow else [(0, min(positions, window.front))]
    before_end = min(positions - begin, window.places - start)
    parts += [(start, before_end), (window.front, positions - begin - before_end)]
    return tuple((_wrapped(i.stream_base + place // step * i.stream_index_stride, _ADDRESS_BITS),
                  _wrapped(-(-count // step) * i.stream_index_stride, _BITS["stream_line_beats"]))
                 for place, count in parts if count > 0)


def _wrapped(number, bits):
    return number & (1 << bits) - 1
