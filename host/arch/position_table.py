"""Numbers that depend on the position alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["PositionTable", "learned_table"]

_FP32_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class PositionTable:
    """fp32 vectors for every position, which the program reads by the position.

    Parameters
    ----------
    parts : int
        Vectors of a position; each begins with a bus word.
    width : int
        Elements of a vector.
    values : function
        Of positions, int64 of shape (n,): their vectors, float of shape (n, parts, width).
    joined : bool
        Nothing lies between vectors: those of all positions are read as one.
    """

    parts: int
    width: int
    values: Callable
    joined: bool = False

    def part_bytes(self, bus_bytes):
        """Bytes of a vector with its padding."""
        size = self.width * _FP32_BYTES
        return size if self.joined else size + -size % bus_bytes

    def row_bytes(self, bus_bytes):
        """Bytes of a position."""
        return self.parts * self.part_bytes(bus_bytes)

    def content(self, context, bus_bytes):
        """The vectors of all positions as they lie in memory: float32, shape (context, row_bytes / 4)."""
        table = np.zeros((context, self.parts, self.part_bytes(bus_bytes) // _FP32_BYTES), np.float32)
        table[:, :, :self.width] = self.values(np.arange(context))
        return table.reshape(context, -1)


def learned_table(tensor):
    """The rows of a tensor, one for each position: a PositionTable of a single part."""
    return PositionTable(parts=1, width=tensor.shape[1], values=lambda positions: tensor.dequantise(positions)[:, None])
