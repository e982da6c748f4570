"""The parameters of a dot engine."""

from dataclasses import dataclass

from gateware.isa import VECTOR_CODES
from gateware.shapes.checks import check_bus, check_power, check_vector_lanes, require

__all__ = ["DECODERS", "DotShape"]

DECODERS = ("sub_scales", "minimums", "tables", "trits")
"""Parts of the dot engine that only some formats need."""

_MOST_COLUMNS = 32


@dataclass(frozen=True, kw_only=True)
class DotShape:
    """Parameters of a dot engine. None of them changes a bit of any result; they choose speed and size.

    Parameters
    ----------
    lanes : int
        Codes that are multiplied per cycle and column: 4, 8, 16, 32 or 64.
    columns : int
        Physical columns of multipliers, 1..8.
    slots : int
        Vectors of the x-buffer that each physical column steps through while a vector of codes is held,
        1..16. There are ``columns * slots`` logical columns, at most 32.
    x_elements : int
        Longest vector that a column of the x-buffer holds, a power of two, 256..16384.
    scale_bytes : int
        Bytes that the scales of one row may take, a power of two, at least 64.
    array : str
        What multiplies: ``"multipliers"``, or ``"digits"``, adders that take one digit of radix 4 per cycle of each
        code: at full speed with ternary codes, and half as many times a code's bits slower with others.
    decoders : tuple of str
        Which of :data:`DECODERS` there are, without repetition. Tensors whose format needs another one are refused.

    Raises
    ------
    ValueError
        If a parameter or a combination of them is not possible.
    """

    lanes: int = 32
    columns: int = 1
    slots: int = 1
    x_elements: int = 2048
    scale_bytes: int = 512
    array: str = "multipliers"
    decoders: tuple[str, ...] = DECODERS

    def __post_init__(self):
        def check(condition, name, rule):
            require(condition, "DotShape", name, rule, getattr(self, name))

        check(self.lanes in (4, 8, 16, 32, 64), "lanes", "4, 8, 16, 32 or 64")
        check(self.columns in range(1, 9), "columns", "1..8")
        check(self.slots in range(1, 17), "slots", "1..16")
        check(self.logical_columns <= _MOST_COLUMNS, "slots",
              f"at most {_MOST_COLUMNS // self.columns} with {self.columns} columns")
        check_power("DotShape", "x_elements", self.x_elements, 256)
        check(self.x_elements // VECTOR_CODES <= 512, "x_elements", f"at most {512 * VECTOR_CODES}")
        check_power("DotShape", "scale_bytes", self.scale_bytes, 64)
        check(self.array in ("multipliers", "digits"), "array", "multipliers or digits")
        check(isinstance(self.decoders, tuple) and len({*self.decoders}) == len(self.decoders)
              and {*self.decoders} <= {*DECODERS}, "decoders", f"different ones of {', '.join(DECODERS)}")

    @property
    def logical_columns(self):
        """Vectors that one pass over a matrix is multiplied with."""
        return self.columns * self.slots

    def check_ports(self, owner, *, bus_bits, vector_lanes):
        """Refuse beats or stripes that an engine of this shape cannot take.

        Parameters
        ----------
        owner : str
            Begins the message.
        bus_bits : int
            Width of the beats of a matrix: 32, 64, 128 or 256, at least ``lanes``.
        vector_lanes : int
            Mantissas in a stripe for the x-buffer: 2, 4, 8 or 16, at most ``lanes``.

        Raises
        ------
        ValueError
            If one of them is not possible.
        """
        check_bus(owner, bus_bits)
        check_vector_lanes(owner, "vector_lanes", vector_lanes)
        require(self.lanes <= bus_bits, owner, "lanes", f"at most bus_bits ({bus_bits})", self.lanes)
        require(vector_lanes <= self.lanes, owner, "vector_lanes", f"at most lanes ({self.lanes})", vector_lanes)
