"""Block floating point: mantissas of 18, 16, 8 or 4 bits that share a power of two."""

import numpy as np

from gateware.exact.fp32 import BIAS, fp32_flush

__all__ = ["BLOCK", "MANTISSA_BITS", "block_exponent", "block_float_round", "quantise_block"]

BLOCK = 256
"""Elements that share an exponent in a vector that enters the dot engine."""

MANTISSA_BITS = (18, 16, 8, 4)
"""Widths of a mantissa."""


def _check(bits):
    if bits not in MANTISSA_BITS:
        raise ValueError(f"Mantissa width must be 18, 16, 8 or 4, not {bits!r}")


def block_exponent(x, bits, axis=None):
    """Exponent of the mantissas' least significant bit.

    ``E - (bits - 2)``, where ``E`` is the largest biased exponent field minus 127. A block of zeros
    and subnormals has E = -127, one that holds an infinity or NaN has E = 128.

    Parameters
    ----------
    x : float32
        Elements that share the exponent.
    bits : int
        18, 16, 8 or 4.
    axis : int or None
        Axis to reduce; all by default.

    Returns
    -------
    int16, shape of ``x`` without ``axis``; -143..114
    """
    _check(bits)
    fields = np.abs(np.asarray(x, np.float32)).view(np.int32).max(axis=axis) >> 23
    return (fields - (BIAS + bits - 2)).astype(np.int16)


@np.errstate(invalid="ignore", over="ignore", under="ignore")
def block_float_round(a, exponent, bits):
    """Mantissa as `gateware.numeric.block_float.BlockFloatRound` computes it, bit for bit.

    ``a * 2**-exponent``, rounded to nearest even and clamped to ``+-(2**(bits - 1) - 1)``. Subnormals
    are zero. An infinity or NaN has the largest mantissa with its sign.

    Parameters
    ----------
    a : float32
    exponent : int
        -512..511. Shapes broadcast.
    bits : int
        18, 16, 8 or 4.

    Returns
    -------
    int32, the broadcast shape
    """
    _check(bits)
    a = fp32_flush(np.asarray(a, np.float32))
    nan = a != a
    if nan.any():
        a = np.where(nan, np.copysign(np.float32(np.inf), a), a)
    limit = 2.0**(bits - 1) - 1
    # float64 holds every fp32 times any of these powers of two exactly.
    scaled = np.ldexp(a.astype(np.float64), -np.asarray(exponent, np.int32))
    return np.clip(np.rint(scaled), -limit, limit).astype(np.int32)


def quantise_block(x, bits, block=BLOCK):
    """Quantise a vector, each run of ``block`` elements with an exponent of its own.

    Parameters
    ----------
    x : float32, shape (n,)
    bits : int
        18, 16, 8 or 4.
    block : int
        Elements that share an exponent; the last run may be shorter.

    Returns
    -------
    mantissas : int32, shape (n,)
        Within ``+-(2**(bits - 1) - 1)``.
    exponents : int16, shape (ceil(n / block),)
        ``x`` is about ``mantissas * 2.0**exponents``, each exponent over its own run.
    """
    x = np.asarray(x, np.float32)
    if x.ndim != 1:
        raise ValueError(f"Vector to quantise must have one dimension, not {x.ndim!r}")
    runs = -(-len(x) // block)
    if runs * block == len(x):
        rows = x.reshape(runs, block)
    else:
        rows = np.zeros((runs, block), np.float32)
        rows.reshape(-1)[:len(x)] = x
    exponents = block_exponent(rows, bits, axis=1)
    mantissas = block_float_round(rows, exponents[:, np.newaxis], bits)
    return mantissas.reshape(-1)[:len(x)], exponents
