"""What an instruction reads and writes for a token at a position."""

from dataclasses import dataclass

from gateware.isa import FIELDS, Index, STORING, VECTOR_CODES

__all__ = ["Extent", "extent"]

_WORD_BYTES = 4
_SCALE_BYTES = 4
_ADDRESS_BITS = 32
_BITS = {field.name: field.bits for field in FIELDS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """The addresses and lengths of an instruction, with the token id and the position put in.

    Attributes
    ----------
    base : int
        First bus word of the stream.
    offset : int
        Word of 32 bits of that bus word with which a row of a packed matrix begins; 0 for every other stream.
    lines, beats, stride : int
        The stream is ``lines`` runs of ``beats`` bus words; ``stride`` bus words lie from the start of one to the start
        of the next. 0 lines: the instruction has no stream.
    rows, vectors : int
        ``DOT``: rows of the matrix, pairs of rows if these are paired, and vectors of 32 codes in a row.
    results : int
        ``DOT``: results of a column.
    length : int
        ``VECTOR``: elements of the pass.
    stores : bool
        Results go to DRAM, to ``store_address`` and what follows: streams with ``wait`` wait for them.
    store_address, scale_address : int
        Byte addresses of the first element and of the scale that are stored. Unmoved fields where nothing is stored.
    """

    base: int
    offset: int
    lines: int
    beats: int
    stride: int
    rows: int
    vectors: int
    results: int
    length: int
    stores: bool
    store_address: int
    scale_address: int

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
    i, words = instruction, bus_bytes // _WORD_BYTES
    position += i.member
    positions = position + 1
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
    rows = positions if i.rows_grow else i.rows
    vectors = _wrapped(-(-positions // VECTOR_CODES), _BITS["vectors"]) if i.vectors_grow else i.vectors
    stores = i.sink in STORING
    stored = position if stores else 0
    return Extent(
        base=base, offset=offset, lines=positions if i.stream_lines_grow else i.stream_lines, beats=beats,
        stride=i.stream_line_stride, rows=rows, vectors=vectors,
        results=vectors * VECTOR_CODES if i.expand else rows << i.paired,
        length=positions if i.length_grow else i.length, stores=stores,
        store_address=_wrapped(i.store_base + stored * i.store_index_stride, _ADDRESS_BITS),
        scale_address=_wrapped(i.scale_base + stored * _SCALE_BYTES, _ADDRESS_BITS))


def _wrapped(number, bits):
    return number & (1 << bits) - 1
