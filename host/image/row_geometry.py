"""How many bytes and bus words a row of a packed matrix takes."""

from dataclasses import dataclass

from gateware.isa import Scale, VECTOR_CODES

__all__ = ["RowGeometry", "SUPER_VECTORS"]

SUPER_VECTORS = 8
"""Vectors of a super-block: 256 codes share a super-scale."""


@dataclass(frozen=True, kw_only=True)
class RowGeometry:
    """A row in memory: first all its scales, then all its codes, each padded to a bus word.

    Parameters
    ----------
    columns : int
        Elements of a row.
    code_bits : int
    scale : Scale
    bus_bytes : int
    """

    columns: int
    code_bits: int
    scale: Scale
    bus_bytes: int

    @property
    def vectors(self):
        """Vectors of 32 codes, the last one padded with zero codes."""
        return -(-self.columns // VECTOR_CODES)

    @property
    def scale_bytes(self):
        """Bytes of the scales, padding excluded."""
        match self.scale:
            case Scale.NONE:
                return 0
            case Scale.FP16:
                return 2 * self.vectors
            case Scale.POWER:
                return self.vectors
            case Scale.SUB8:
                return 2 * (self.vectors // SUPER_VECTORS) + 2 * self.vectors

    @property
    def code_bytes(self):
        """Bytes of the codes, padding to the bus word excluded."""
        return self.vectors * VECTOR_CODES * self.code_bits // 8

    @property
    def scale_beats(self):
        """Bus words of the scales."""
        return -(-self.scale_bytes // self.bus_bytes)

    @property
    def code_beats(self):
        """Bus words of the codes."""
        return -(-self.code_bytes // self.bus_bytes)

    @property
    def beats(self):
        """Bus words of the row."""
        return self.scale_beats + self.code_beats

    @property
    def row_bytes(self):
        """Bytes of the row, padding included."""
        return self.beats * self.bus_bytes

    @property
    def growth(self):
        """Bits by which a sum over the vectors of a row can grow: ceil(log2(vectors))."""
        return (self.vectors - 1).bit_length()
