"""What an architecture says of one tensor."""

from dataclasses import dataclass
from enum import StrEnum
import math

__all__ = ["TensorKind", "TensorSpec"]


class TensorKind(StrEnum):
    """What a tensor is for, and with it where it goes."""

    MATRIX = "matrix"    #: rows for the dot engine, in any format, packed into the image
    VECTOR = "vector"    #: numbers for the vector unit, such as norm weights and biases, as fp32 in the image
    FACTORS = "factors"  #: numbers that the hyperparameters take over; not in the image


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
    """

    kind: TensorKind
    shape: tuple[int, ...]
    optional: bool = False

    @property
    def rows(self):
        """Rows of all matrices; 1 for a vector."""
        return math.prod(self.shape[:-1])

    @property
    def columns(self):
        """Elements of a row."""
        return self.shape[-1]
