"""Rows of a matrix as codes and scales."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Blocks"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """What a `BlockFormat` splits rows into.

    Attributes
    ----------
    codes : numpy.ndarray
        int16 (rows, vectors, 32), each within the format's ``code_bits``; indices where there is a table; -1 and 1 of
        one bit.
    scale : numpy.ndarray
        (rows, vectors / super_vectors): uint16, the bits of an fp16, or int8, an exponent of two; or uint8 (rows,
        2 * vectors), UE4M3.
    minimum : numpy.ndarray or None
        uint16, shape of ``scale``, the bits of an fp16.
    sub_scales, sub_minimums : numpy.ndarray or None
        int16 (rows, vectors, 32 / sub_codes).
    """

    codes: np.ndarray
    scale: np.ndarray
    minimum: np.ndarray | None = None
    sub_scales: np.ndarray | None = None
    sub_minimums: np.ndarray | None = None
