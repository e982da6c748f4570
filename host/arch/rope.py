"""Rotary position embedding: its angles and its table."""

from dataclasses import dataclass, field

import numpy as np

from host.arch.position_table import PositionTable

__all__ = ["Rope", "rope_table"]


@dataclass(frozen=True, kw_only=True)
class Rope:
    """How the elements of a head turn with the position.

    Parameters
    ----------
    dim : int
        Leading elements of each head that are rotated.
    theta : float
        Base of the angles.
    halves : bool
        Elements i and i + dim / 2 turn together, as the file has them; otherwise 2i and 2i + 1.
    scale : float
        Positions are divided by this (linear scaling); 1 without scaling.
    factors : numpy.ndarray or None
        Shape (dim / 2,): each frequency is divided by its factor.
    long_factors : numpy.ndarray or None
        In place of `factors` where the context is longer than `short_context` (LongRoPE).
    short_context : int or None
        Positions that `factors` are meant for.
    magnitude : float
        Cosines and sines are multiplied by this.
    table : str
        What its table is called in the memory of an accelerator.
    """

    dim: int
    theta: float = 10000.0
    halves: bool = False
    scale: float = 1.0
    factors: np.ndarray | None = field(default=None, compare=False)
    long_factors: np.ndarray | None = field(default=None, compare=False)
    short_context: int | None = None
    magnitude: float = 1.0
    table: str = "rope"

    def frequencies(self, context):
        """Radians per position of each rotated pair: float64, shape (dim / 2,).

        Parameters
        ----------
        context : int
            Positions that there are room for, whether or not a text needs them.
        """
        exponents = np.arange(0, self.dim, 2, dtype=np.float64) / self.dim
        frequencies = self.theta ** -exponents / self.scale
        long = self.long_factors is not None and context > self.short_context
        factors = self.long_factors if long else self.factors
        return frequencies if factors is None else frequencies / factors.astype(np.float64)


def rope_table(rope, head_dim, context):
    """Rotary factors of a head whose adjacent pairs turn together, as the rows of any matrix are laid out in memory.

    Element 2i and 2i + 1 of a head are turned by ``position * frequency[i]``: both are multiplied with the cosine, and
    the other one with minus and plus the sine. Elements that are not rotated have 1 and 0.

    Parameters
    ----------
    rope : Rope
    head_dim : int
    context : int
        Positions that there are room for.

    Returns
    -------
    PositionTable
        Its vectors are the cosines and the signed sines.
    """
    frequencies = rope.frequencies(context)

    def values(positions):
        table = np.zeros((len(positions), 2, head_dim))
        angles = positions[:, None] * frequencies
        cosine, sine = np.cos(angles) * rope.magnitude, np.sin(angles) * rope.magnitude
        table[:, 0] = 1
        table[:, 0, :rope.dim] = np.repeat(cosine, 2, axis=1)
        table[:, 1, 0:rope.dim:2] = -sine
        table[:, 1, 1:rope.dim:2] = sine
        return table

    return PositionTable(parts=2, width=head_dim, values=values)
