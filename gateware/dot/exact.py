"""The exact dot product, bit for bit, in NumPy int64.

The dot engine and this function compute the same integers; the golden model imports it. Every 32-code vector of a row
is one contribution::

    P = sum(sub_scale * sum(code * mantissa))                      inner sums over 16 codes
    contribution = floor(P * scale_mantissa * 2**(free - d))       d = anchor - (scale_exponent + x_exponent) >= 0
    accumulator = sum(contribution)                                63 bits and sign, cannot overflow
    result = round to nearest even, fp32(accumulator * 2**(anchor - free))

``anchor`` is the largest scale exponent of the row plus the largest exponent of the column's vector, ``free`` the
bits that the longest row leaves unused. A sum of integers has no order, so the result depends neither on lanes and
columns nor on the bus.
"""

import numpy as np

from gateware.isa import Scale, VECTOR_CODES
from gateware.numeric.integer_to_fp32 import integer_to_fp32

__all__ = ["EXPAND_EXPONENT", "EXPAND_MANTISSA", "SCALE_BITS", "exact_dot", "free_bits", "unpack_fp16",
           "unpack_power"]

SCALE_BITS = 11
"""Bits of a scale's magnitude: fp16's significand with its hidden one."""

EXPAND_MANTISSA = 1 << 16
"""Activation that multiplies a code in expand mode: 1.0 as 2**16 * 2**-16."""

EXPAND_EXPONENT = -16


def free_bits(code_bits, growth, scale):
    """Bits that ``2**growth`` vectors of ``code_bits``-bit codes leave free in a 64-bit accumulator.

    A vector's sum of 32 products takes ``code_bits - 1 + 17 + 5`` bits and the sign, 7 more with sub-scales.
    """
    sub_scale_bits = 7 if scale == Scale.SUB8 else 0
    return 63 - (code_bits - 1) - 17 - 5 - sub_scale_bits - SCALE_BITS - growth


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


def exact_dot(codes, scale_mantissa, scale_exponent, x_mantissa, x_exponent, *, code_bits, growth, sub_scales=None):
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
    sub_scales : float64 array (rows, vectors, 2), optional
        Integers -128..127, one for each 16 codes.

    Returns
    -------
    float32 array (rows,)
    """
    if sub_scales is None:
        scale = Scale.FP16
        products = np.matmul(codes.transpose(1, 0, 2), x_mantissa[:, :, None])[:, :, 0].T
    else:
        scale = Scale.SUB8
        halves = codes.reshape(*codes.shape[:2], 2, VECTOR_CODES // 2) * x_mantissa.reshape(-1, 2, VECTOR_CODES // 2)
        products = (halves.sum(axis=3) * sub_scales).sum(axis=2)
    free = free_bits(code_bits, growth, scale)
    anchor = scale_exponent.max(axis=1) + x_exponent.max()
    distance = np.minimum(anchor[:, None] - (scale_exponent + x_exponent), 63)
    shares = (products.astype(np.int64) * scale_mantissa << free) >> distance
    return integer_to_fp32(shares.sum(axis=1), anchor - free)
