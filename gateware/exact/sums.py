"""The one order in which fp32 sums are taken."""

import numpy as np

from gateware.exact.fp32 import fp32_add, fp32_canonical, fp32_flush

__all__ = ["PARTIAL_SUMS", "interleaved_sum"]

PARTIAL_SUMS = 64
"""Element ``i`` is added to partial sum ``i % PARTIAL_SUMS``. Four lanes of an adder of up to 16 cycles keep that
many sums in flight, and the order does not depend on the number of lanes."""


@np.errstate(invalid="ignore", over="ignore")
def interleaved_sum(x):
    """Sum along the last axis in the order of the hardware.

    ``PARTIAL_SUMS`` partial sums start at +0, element i is added to partial sum i mod 64 in the
    order of i, then ``p[i] = p[i] + p[i + half]`` for half = 32, 16, 8, 4, 2, 1. Each addition is
    `fp32_add`. A lane that has no element to add may add -0, which changes no partial sum.

    Parameters
    ----------
    x : float32, shape (..., n)
        n may be zero, which gives +0.

    Returns
    -------
    float32, shape (...)
    """
    x = np.asarray(x, np.float32)
    if x.ndim == 0:
        raise ValueError(f"Operand of a sum must have at least one dimension, not {x!r}")
    if 0 < x.shape[-1] <= PARTIAL_SUMS:
        # Absent partial sums are +0 and no partial sum is -0: what the tree adds for them changes nothing.
        return _tree(fp32_add(_short(x), np.float32(0)))
    rows = -(-x.shape[-1] // PARTIAL_SUMS)
    steps = np.full((*x.shape[:-1], (rows + 1) * PARTIAL_SUMS), -0.0, np.float32)
    steps[..., :PARTIAL_SUMS] = 0.0
    steps[..., PARTIAL_SUMS:PARTIAL_SUMS + x.shape[-1]] = fp32_flush(x)
    steps = steps.reshape(*x.shape[:-1], rows + 1, PARTIAL_SUMS)

    # NumPy accumulates in order. Its partial sums are ours unless one of them is subnormal.
    running = np.add.accumulate(steps, axis=-2)
    if np.array_equal(fp32_flush(running), running):
        partial = running[..., -1, :]
    else:
        partial = steps[..., 0, :]
        for row in range(rows):
            partial = fp32_add(partial, steps[..., row + 1, :])
    return _tree(partial)


def _short(x):
    """``x`` with zeros up to a power of two."""
    missing = (1 << (x.shape[-1] - 1).bit_length()) - x.shape[-1]
    return np.concatenate((x, np.zeros((*x.shape[:-1], missing), np.float32)), axis=-1) if missing else x


def _tree(partial):
    """Sum of the halves until one is left; the length of the last axis is a power of two."""
    half = partial.shape[-1] // 2
    while half:
        partial = fp32_add(partial[..., :half], partial[..., half:])
        half //= 2
    return fp32_canonical(partial[..., 0])
