"""The exact dot product, bit for bit, in NumPy int64.

The dot engine and this function compute the same integers; the golden model imports it. Every 32-code vector of a row
is one contribution::

    P = sum(code * mantissa)                                       |P| < 2**(code_bits - 1 + 17 + 5)
    contribution = floor(P * scale_mantissa * 2**(free - d))       d = anchor - (scale_exponent + x_exponent) >= 0
    accumulator = sum(contribution)                                63 bits and sign, cannot overflow
    result = round to nearest even, fp32(accumulator * 2**(anchor - free))

``anchor`` is the largest scale exponent of the row plus the largest exponent of the column's vector, ``free`` the
bits that the longest row leaves unused. A sum of integers has no order, so the result depends neither on lanes and
columns nor on the bus.
"""

import numpy as np

from gateware.numeric.integer_to_fp32 import integer_to_fp32

__all__ = ["EXPAND_EXPONENT", "EXPAND_MANTISSA", "SCALE_BITS", "contributions", "exact_dot", "free_bits",
           "unpack_fp16", "unpack_power"]

SCALE_BITS = 11
"""Bits of a scale's magnitude: fp16's significand with its hidden one."""

EXPAND_MANTISSA = 1 << 16
"""Activation that multiplies a code in expand mode: 1.0 as 2**16 * 2**-16."""

EXPAND_EXPONENT = -16


def free_bits(code_bits, growth):
    """Bits that ``2**growth`` vectors of ``code_bits``-bit codes leave free in a 64-bit accumulator."""
    return 63 - (code_bits - 1) - 17 - 5 - SCALE_BITS - growth


def unpack_fp16(bits):
    """Scale mantissa (signed, 11 bits of magnitude) and exponent of IEEE binary16 ``bits``, uint16 array.

    Subnormals are not normalised: their exponent is that of the smallest normal number. The value is exactly
    ``mantissa * 2**exponent``. Infinity and NaN never reach the hardware, the packer refuses them.

    Returns
    -------
    mantissa, exponent : int64 arrays
    """
    bits = np.asarray(bits).astype(np.int64)
    field = bits >> 10 & 31
    mantissa = (bits & 1023) | (field > 0).astype(np.int64) << 10
    return np.where(bits >> 15, -mantissa, mantissa), np.maximum(field, 1) - 25


def unpack_power(exponents):
    """Scale mantissa and exponent of ``2**exponent``, int8 array; mantissas are 1024 for every width to be alike."""
    exponents = np.asarray(exponents).astype(np.int64)
    return np.full_like(exponents, 1 << SCALE_BITS - 1), exponents - (SCALE_BITS - 1)


def contributions(products, scale_mantissa, exponents, anchor, code_bits, growth):
    """Each vector's share of the accumulator: ``products * scale_mantissa`` floored at the accumulator's LSB."""
    distance = np.minimum(anchor - exponents, 63)
    return (products * scale_mantissa << free_bits(code_bits, growth)) >> distance


def exact_dot(codes, scale_mantissa, scale_exponent, x_mantissa, x_exponent, *, code_bits, growth):
    """Rows of a quantised matrix times one block-floating-point vector.

    Parameters
    ----------
    codes : float64 array (rows, vectors, 32)
        Integer codes, |code| <= 2**(code_bits - 1). In float64 because BLAS then takes the products, which stay
        below 2**53 and are therefore exact.
    scale_mantissa, scale_exponent : int64 arrays (rows, vectors)
    x_mantissa : float64 array (vectors, 32)
        Integers of at most 17 bits and sign.
    x_exponent : int64 array (vectors,)
    code_bits, growth : int

    Returns
    -------
    float32 array (rows,)
    """
    products = np.matmul(codes.transpose(1, 0, 2), x_mantissa[:, :, None])[:, :, 0].T.astype(np.int64)
    anchor = scale_exponent.max(axis=1) + x_exponent.max()
    shares = contributions(products, scale_mantissa, scale_exponent + x_exponent, anchor[:, None], code_bits, growth)
    return integer_to_fp32(shares.sum(axis=1), anchor - free_bits(code_bits, growth))
