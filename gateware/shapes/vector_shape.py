"""The parameters of a vector unit."""

from dataclasses import dataclass

from gateware.shapes.checks import check_power, check_vector_lanes, require

__all__ = ["VectorShape"]

_MOST_ELEMENTS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class VectorShape:
    """Parameters of a vector unit. None of them changes a bit of any result; they choose speed and size.

    Parameters
    ----------
    lanes : int
        fp32 elements per cycle: 2, 4, 8 or 16.
    scratchpad : int
        fp32 elements of the scratchpad, a power of two, 64..1048576.

    Raises
    ------
    ValueError
        If a parameter is not possible.
    """

    lanes: int = 4
    scratchpad: int = 8192

    def __post_init__(self):
        check_vector_lanes("VectorShape", "lanes", self.lanes)
        check_power("VectorShape", "scratchpad", self.scratchpad, 64)
        require(self.scratchpad <= _MOST_ELEMENTS, "VectorShape", "scratchpad", f"at most {_MOST_ELEMENTS}",
                self.scratchpad)
