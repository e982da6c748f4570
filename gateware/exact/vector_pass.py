"""One pass of the vector unit, bit for bit, in NumPy.

The vector unit and these functions compute the same bits; the golden model imports them.
"""

import numpy as np

from gateware.exact.block_float import block_float_round, quantise_block
from gateware.exact.fp32 import BIAS, fp32_add, fp32_canonical, fp32_flush, fp32_multiply, fp32_total_order_key
from gateware.exact.function import fp32_function
from gateware.exact.sums import interleaved_sum as reduce_sum
from gateware.isa import Function

__all__ = ["CODE_BITS", "COLUMN_BITS", "PADDING", "column", "hide", "reduce_largest", "reduce_max", "reduce_sum",
           "scale_bits", "stored", "stored_integers", "swap", "vector_pass"]

COLUMN_BITS = 18
"""Bits of a mantissa in the x-buffer."""

CODE_BITS = 16
"""Bits of a code in the KV cache whose scale is a power of two; those of 8 and 4 bits have any scale."""

PADDING = 32
"""A column of the x-buffer is filled with zero mantissas up to a multiple of this many."""


def vector_pass(a, b, c, function):
    """``function(a * b + c)``, every step rounded.

    Parameters
    ----------
    a, b, c : float32, shapes that broadcast
        Elements, or scalars (also Python floats that fp32 holds).
    function : gateware.isa.Function or int

    Returns
    -------
    float32, the broadcast shape (a NumPy scalar for three scalars)
    """
    a, b, c = np.asarray(a, np.float32), np.asarray(b, np.float32), np.asarray(c, np.float32)
    # Times 1 is a * b of NumPy's with subnormals flushed, and the adder flushes its operands itself.
    product = a if b.ndim == 0 and b == 1 else fp32_multiply(a, b)
    if c.ndim == 0 and c == 0:
        if product is a:
            product = fp32_canonical(fp32_flush(a))
        total = product + c  # The sign of a zero is all that this can change.
    else:
        total = fp32_add(product, c)
    # What leaves the adder has neither subnormals nor other NaNs: the identity would change nothing.
    return total if function == Function.IDENTITY else fp32_function(function, total)


def hide(x, hidden):
    """A pass of which some elements are hidden.

    Parameters
    ----------
    x : float32, shape (n,)
    hidden : range
        Not all of them.

    Returns
    -------
    float32, shape (n,)
        With +0 in place of what is hidden. This is what the pass writes, and sums.
    float32
        Those that are not hidden, of which the largest is found.
    """
    if not hidden:
        return x, x
    shown = x.copy()
    shown[hidden.start:hidden.stop] = 0
    return shown, np.delete(x, hidden)


def swap(a):
    """Elements 2i and 2i + 1 of ``a`` exchanged; float32, shape (n,), n even."""
    return a.reshape(-1, 2)[:, ::-1].reshape(-1)


def reduce_max(x):
    """Largest element of ``x`` in the order -inf < -0 < +0 < inf < NaN; float32, shape (n,), n at least 1."""
    return x[fp32_total_order_key(x).argmax()]


def reduce_largest(x):
    """Largest magnitude of ``x``, in the same order; float32, shape (n,), n at least 1."""
    return reduce_max((np.ascontiguousarray(x, np.float32).view(np.uint32) & 0x7FFFFFFF).view(np.float32))


def column(x):
    """A vector as the x-buffer holds it.

    Parameters
    ----------
    x : float32, shape (n,)

    Returns
    -------
    mantissas : int32, shape (n rounded up to a multiple of ``PADDING``,)
        Within ``+-(2**17 - 1)``.
    exponents : int16, shape (ceil(n / 256),)
        ``x`` is about ``mantissas * 2.0**exponents``, each exponent over its block of 256.
    """
    mantissas, exponents = quantise_block(x, COLUMN_BITS)
    missing = -len(mantissas) % PADDING
    return (np.concatenate((mantissas, np.zeros(missing, np.int32))) if missing else mantissas), exponents


def stored(x):
    """A vector as the KV cache holds it.

    Parameters
    ----------
    x : float32, shape (n,), n at most 256

    Returns
    -------
    codes : int16, shape (n,)
    exponent : int
        ``x`` is about ``codes * 2.0**exponent``.
    """
    codes, exponents = quantise_block(x, CODE_BITS)
    return codes.astype(np.int16), int(exponents[0])


def stored_integers(x, code_bits):
    """A vector as a KV cache of 8 or 4 bits holds it, once it has been divided by its scale.

    Parameters
    ----------
    x : float32, shape (n,)
    code_bits : int

    Returns
    -------
    int8, shape (n,)
        ``x`` rounded to nearest even and clamped to ``+-(2**(code_bits - 1) - 1)``; an infinity or NaN is the
        largest code with its sign.
    """
    return block_float_round(x, 0, code_bits).astype(np.int8)


def scale_bits(exponent):
    """fp32 bits of ``2.0**exponent``, -143..127; 0 below the normal range (-126)."""
    return max(exponent + BIAS, 0) << 23
