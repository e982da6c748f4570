"""What an architecture says of one tensor."""

from dataclasses import dataclass
from enum import StrEnum
import math

import numpy as np

from host.arch.tensor_part import TensorPart

__all__ = ["TensorKind", "TensorSpec"]


class TensorKind(StrEnum):
    """What a tensor is for, and with it where it goes."""

    MATRIX = "matrix"        #: rows for the dot engine, in any format, packed into the image
    VECTOR = "vector"        #: numbers for the vector unit, such as norm weights and biases, as fp32 in the image
    POSITIONS = "positions"  #: a row of numbers for each position, as fp32; the image has those of its context
    FACTORS = "factors"      #: numbers that the hyperparameters take over; not in the image


@dataclass(frozen=True)
class TensorSpec:
    """Shape and use of a tensor.

    Parameters
    ----------
    kind : TensorKind
    shape : tuple of int
        As NumPy has it: the row length is the last number, before it the rows. Matrices of equal shape in one tensor,
        such as those of experts, are one more number in front; their rows lie one after another.
    optional : bool
        A file may do without it.
    parts : tuple of TensorPart
        What its rows are, one after another, or the elements of its only row; empty if it is one thing, in the order
        of the file.
    """

    kind: TensorKind
    shape: tuple[int, ...]
    optional: bool = False
    parts: tuple[TensorPart, ...] = ()

    @property
    def rows(self):
        """Rows of all matrices; 1 for a vector."""
        return math.prod(self.shape[:-1])

    @property
    def columns(self):
        """Elements of a row."""
        return self.shape[-1]

    @property
    def order(self):
        """In which order rows of a matrix, or elements of each row of a vector, go to memory.

        Returns
        -------
        int64 array (n,), or None if in that of the file
        """
        if not any(part.halves for part in self.parts):
            return None
        order, first = [], 0
        for part in self.parts:
            order.append(first + (part.halves.order(part.count) if part.halves else np.arange(part.count)))
            first += part.count
        return np.concatenate(order)
