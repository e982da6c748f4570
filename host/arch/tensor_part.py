"""Which rows of a tensor are what, and in which order the accelerator takes them."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Halves", "TensorPart"]


@dataclass(frozen=True)
class Halves:
    """Heads whose rotated elements i and i + rope_dim / 2 turn together.

    The accelerator turns neighbours. So whatever makes or scales elements of such heads (the rows of the matrices of
    queries and keys, their biases, weights of norms) goes to memory in another order: 0, rope_dim / 2, 1,
    rope_dim / 2 + 1 and so on, then those that are not rotated. Scores are sums over a head and do not change.

    Parameters
    ----------
    head_dim, rope_dim : int
        Elements of a head, and how many of them are rotated.
    """

    head_dim: int
    rope_dim: int

    def order(self, count):
        """Which of `count` elements, whole heads, comes where: int64 array (count,)."""
        half = self.rope_dim // 2
        head = np.arange(self.head_dim)
        head[:self.rope_dim] = np.stack([np.arange(half), np.arange(half) + half], axis=1).reshape(-1)
        return (np.arange(0, count, self.head_dim)[:, None] + head).reshape(-1)


@dataclass(frozen=True)
class TensorPart:
    """Rows of a matrix, or elements of a vector, that have a name of their own.

    Parameters
    ----------
    name : str
        What a tensor would be called that held nothing else, such as ``blk.0.attn_q.weight``.
    count : int
        Rows of a matrix, elements of a vector.
    halves : Halves or None
        The order in which they go to memory, if not that of the file.
    """

    name: str
    count: int
    halves: Halves | None = None
