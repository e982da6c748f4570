"""How many bytes and bus words a row of a packed matrix takes."""

from dataclasses import dataclass, replace

from gateware.exact.dot import headroom_bits
from gateware.isa import CodeKind, VECTOR_CODES
from host.image.formats.block_format import BlockFormat
from host.image.formats.trit_bytes import BUNDLE_BYTES, BUNDLE_VECTORS

__all__ = ["RowGeometry"]

_WORD_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class RowGeometry:
    """A row in memory: its scales, its sub-scales, its codes, each padded to a bus word, or to 32 bits if rows are
    packed.

    Scales that have minimums alternate with them. Sub-scales are vectors of 32, as bit-planes of ``sub_bits``,
    in the order of :func:`host.image.formats.sub_vectors`.

    Parameters
    ----------
    columns : int
        Elements of a row.
    format : BlockFormat
    bus_bytes : int
    packed : bool
        A packed row does not begin with a bus word, nor do its parts: the dot engine aligns them. Trits cannot be
        packed.
    """

    columns: int
    format: BlockFormat
    bus_bytes: int
    packed: bool = False

    def __post_init__(self):
        if self.packed and self.format.code_kind == CodeKind.TRITS:
            raise ValueError("Rows of trits must not be packed")

    @classmethod
    def shortest(cls, *, columns, format, bus_bytes):
        """The geometry of a matrix: packed where that saves anything."""
        loose = cls(columns=columns, format=format, bus_bytes=bus_bytes)
        if format.code_kind == CodeKind.TRITS:
            return loose
        packed = replace(loose, packed=True)
        return packed if packed.row_bytes < loose.row_bytes else loose

    @property
    def vectors(self):
        """Vectors of 32 codes, the last one padded with zero codes."""
        return -(-self.columns // VECTOR_CODES)

    @property
    def scales(self):
        """Scales of a row."""
        return self.vectors * self.format.vector_scales // self.format.super_vectors

    @property
    def scale_bytes(self):
        """Bytes of the scales and minimums, padding excluded."""
        return self.scales * self.format.scale_bytes * (2 if self.format.minimum else 1)

    @property
    def sub_vectors(self):
        """Vectors of 32 sub-scales and sub-minimums."""
        subs = self.vectors * self.format.vector_subs * (2 if self.format.minimum else 1)
        return -(-subs // VECTOR_CODES)

    @property
    def sub_bytes(self):
        """Bytes of the sub-scales."""
        return self.sub_vectors * VECTOR_CODES * self.format.sub_bits // 8

    @property
    def code_bytes(self):
        """Bytes of the codes."""
        if self.format.code_kind == CodeKind.TRITS:
            return -(-self.vectors // BUNDLE_VECTORS) * BUNDLE_BYTES
        return self.vectors * VECTOR_CODES * self.format.code_bits // 8

    @property
    def sub_start(self):
        """Byte of the row at which the sub-scales begin."""
        return self._padded(self.scale_bytes)

    @property
    def code_start(self):
        """Byte of the row at which the codes begin."""
        return self.sub_start + self._padded(self.sub_bytes)

    @property
    def row_bytes(self):
        """Bytes of the row, padding included."""
        return self.code_start + self._padded(self.code_bytes)

    @property
    def words(self):
        """Words of 32 bits of a row."""
        return self.row_bytes // _WORD_BYTES

    def beats(self, rows=1):
        """Bus words of so many rows, from one that begins with a bus word."""
        return -(-rows * self.row_bytes // self.bus_bytes)

    def headroom(self, *, expand=False):
        """Bits that rows leave free in the accumulator; in expand mode a result is a single contribution."""
        return headroom_bits(
            code_bits=self.format.code_bits, code_kind=self.format.code_kind,
            growth=0 if expand else (self.vectors * self.format.vector_scales - 1).bit_length(),
            sub_bits=self.format.sub_bits, sub_signed=self.format.sub_signed, minimum=self.format.minimum)

    def _padded(self, size):
        return size + -size % (_WORD_BYTES if self.packed else self.bus_bytes)
