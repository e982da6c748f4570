"""Description of a ggml format: what its codes and scales are, and how many of them there are."""

from dataclasses import dataclass, field
from typing import Callable

from gateware.isa import CodeKind, SUPER_VECTORS, Scale, VECTOR_CODES

__all__ = ["BlockFormat"]

_TABLE_ENTRIES = 16


@dataclass(frozen=True, kw_only=True)
class BlockFormat:
    """A format as integer codes, integer sub-scales and a scale.

    The value of an element is ``scale * sub_scale * code - minimum * sub_minimum``, exactly; a format without
    sub-scales has 1 for both, one without minimum subtracts nothing.

    Parameters
    ----------
    name : str
        ggml's name.
    code_bits : int
        Bit-planes of a code, 1 to 16. A single bit is 1, or -1 where it is 0. Trits have 2, although they are packed
        tighter than planes.
    code_kind : CodeKind
    table : tuple of int or None
        The 16 numbers, each -128 to 127, that codes of kind TABLE stand for.
    scale_kind : Scale
    super_vectors : int
        Vectors of 32 codes that share a scale (and minimum): 1, 2, 4 or 8; with scales of UE4M3 1, which then has two.
    minimum : bool
        Each scale has a minimum beside it.
    sub_bits : int
        Bits of a sub-scale and of a sub-minimum: 4, 6 or 8; 0 if there are none.
    sub_signed : bool
        Sub-scales are two's complement. Sub-minimums never occur with these.
    sub_codes : int
        Codes that share a sub-scale: 16 or 32 (32 also where there are none).
    split : callable
        ``split(tensor, rows)`` gives the `Blocks` of some rows (slice or integer array) of a
        `host.gguf.tensor.Tensor`.

    Raises
    ------
    ValueError
        If a value is not one of these, or values contradict each other.
    """

    name: str
    code_bits: int
    code_kind: CodeKind
    table: tuple[int, ...] | None = None
    scale_kind: Scale = Scale.FP16
    super_vectors: int = 1
    minimum: bool = False
    sub_bits: int = 0
    sub_signed: bool = False
    sub_codes: int = VECTOR_CODES
    split: Callable = field(repr=False, compare=False)

    def __post_init__(self):
        if self.code_bits not in range(1, 17):
            raise ValueError(f"Code width of {self.name} must be 1..16, not {self.code_bits!r}")
        if self.code_bits == 1 and self.code_kind is not CodeKind.SIGNED:
            raise ValueError(f"Codes of one bit in {self.name} must be of kind SIGNED, not {self.code_kind.name}")
        if (self.code_kind is CodeKind.TABLE) != (self.table is not None):
            raise ValueError(f"Table of {self.name} must be given for codes of kind TABLE and for no others, "
                             f"not {self.table!r} for {self.code_kind.name}")
        if self.table is not None and (len(self.table) != _TABLE_ENTRIES or self.code_bits != 4
                                       or not all(-128 <= entry <= 127 for entry in self.table)):
            raise ValueError(f"Table of {self.name} must be 16 numbers -128..127 for codes of 4 bits, "
                             f"not {self.table!r} for {self.code_bits}")
        if self.code_kind is CodeKind.TRITS and self.code_bits != 2:
            raise ValueError(f"Code width of trits must be 2, not {self.code_bits!r}")
        most = 1 if self.scale_kind is Scale.UE4M3 else SUPER_VECTORS
        if self.super_vectors not in (1, 2, 4, 8) or self.super_vectors > most:
            rule = "1" if most == 1 else "1, 2, 4 or 8"
            raise ValueError(f"Vectors that share a scale in {self.name} must be {rule}, not {self.super_vectors!r}")
        if self.sub_bits not in (0, 4, 6, 8):
            raise ValueError(f"Sub-scale width of {self.name} must be 0, 4, 6 or 8, not {self.sub_bits!r}")
        if self.sub_codes not in (16, VECTOR_CODES):
            raise ValueError(f"Codes that share a sub-scale in {self.name} must be 16 or 32, "
                             f"not {self.sub_codes!r}")

    @property
    def vector_subs(self):
        """Sub-scales of a vector of 32 codes: 0, 1 or 2."""
        return VECTOR_CODES // self.sub_codes if self.sub_bits else 0

    @property
    def scale_bytes(self):
        """Bytes of a scale, and of a minimum."""
        return {Scale.NONE: 0, Scale.FP16: 2, Scale.POWER: 1, Scale.UE4M3: 1}[self.scale_kind]

    @property
    def vector_scales(self):
        """Scales that a vector has for itself: 2 where each is for 16 codes, else 1, or a part of one."""
        return 2 if self.scale_kind is Scale.UE4M3 else 1

    @property
    def decoders(self):
        """Which of :data:`gateware.shapes.dot_shape.DECODERS` the format needs, as a tuple."""
        needed = {"sub_scales": self.sub_bits, "minimums": self.minimum,
                  "tables": self.code_kind == CodeKind.TABLE, "trits": self.code_kind == CodeKind.TRITS}
        return tuple(name for name, wanted in needed.items() if wanted)

    @property
    def code_range(self):
        """Least and greatest number that a code stands for."""
        match self.code_kind:
            case CodeKind.SIGNED if self.code_bits == 1:
                return -1, 1
            case CodeKind.SIGNED:
                return -(1 << self.code_bits - 1), (1 << self.code_bits - 1) - 1
            case CodeKind.UNSIGNED:
                return 0, (1 << self.code_bits) - 1
            case CodeKind.TABLE:
                return min(self.table), max(self.table)
            case CodeKind.TRITS:
                return -1, 1

    @property
    def sub_range(self):
        """Least and greatest sub-scale."""
        if not self.sub_bits:
            return 1, 1
        if self.sub_signed:
            return -(1 << self.sub_bits - 1), (1 << self.sub_bits - 1) - 1
        return 0, (1 << self.sub_bits) - 1
