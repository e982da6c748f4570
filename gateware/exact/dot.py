"""The exact dot product, bit for bit, in NumPy int64.

The dot engine and this function compute the same integers; the golden model imports it. Every 32-code vector
of a row is one contribution, or two where the format has minimums or a scale for each half of a vector::

    P = sum(sub_scale * sum(code * mantissa))                 inner sums over 16 codes; sub-scales may be 1
    M = sum(sub_minimum * sum(mantissa))                      likewise
    contribution = floor(P * scale_mantissa * 2**(headroom - d))  d = anchor - (scale_exponent + x_exponent) >= 0
                 - floor(M * minimum_mantissa * 2**(headroom - d))  with its own d
    accumulator = sum(contribution)                           63 bits and sign, cannot overflow
    result = round to nearest even, fp32(accumulator * 2**(anchor - headroom))

``anchor`` is the largest exponent among the row's scales and minimums plus the largest exponent of the
column's vector, ``headroom`` the bits that the longest row leaves unused. A sum of integers has no order, so the
result depends neither on lanes and columns nor on the bus.
"""

import numpy as np

from gateware.exact.fp32 import integer_to_fp32
from gateware.isa import CodeKind, VECTOR_CODES

__all__ = ["EXPAND_EXPONENT", "EXPAND_MANTISSA", "SCALE_BITS", "exact_dot", "exact_expand", "headroom_bits",
           "unpack_fp16", "unpack_power", "unpack_ue4m3"]

SCALE_BITS = 11
"""Bits of a scale's magnitude: fp16's significand with its hidden one."""

EXPAND_MANTISSA = 1 << 16
"""Activation that multiplies a code in expand mode: 1.0 as 2**16 * 2**-16."""

EXPAND_EXPONENT = -16

_SUM_BITS = 17 + 5
"""Bits of the magnitude of the sum of 32 mantissas."""


def headroom_bits(*, code_bits, code_kind, growth, sub_bits=0, sub_signed=False, minimum=False):
    """Bits that ``2**growth`` vectors leave free in a 64-bit accumulator.

    Parameters
    ----------
    code_bits : int
    code_kind : CodeKind
    growth : int
        ceil(log2) of the most vectors that a row can have.
    sub_bits : int
        Bits of a sub-scale, 0 without.
    sub_signed, minimum : bool
    """
    match code_kind:
        case CodeKind.SIGNED | CodeKind.TRITS:
            magnitude = max(code_bits, 2) - 1  # -1 and 1 are two of two bits
        case CodeKind.UNSIGNED:
            magnitude = code_bits
        case CodeKind.TABLE:
            magnitude = 7
    product = magnitude + _SUM_BITS + (sub_bits - 1 if sub_bits and sub_signed else sub_bits)
    contribution = max(product, _SUM_BITS + sub_bits) + 1 if minimum else product
    return 63 - contribution - SCALE_BITS - growth


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
    """Scale mantissa and exponent of ``2**exponent``, int8 array; mantissas are 1024 for every width to be
    alike."""
    exponents = np.asarray(exponents).astype(np.int64)
    return np.full_like(exponents, 1 << SCALE_BITS - 1), exponents - (SCALE_BITS - 1)


def unpack_ue4m3(bits):
    """Scale mantissa and exponent of half the number that UE4M3 ``bits`` stand for, uint8 array, none of them NaN.

    As in :func:`unpack_fp16`, subnormals are not normalised.
    """
    bits = np.asarray(bits).astype(np.int64)
    field = bits >> 3 & 15
    return (bits & 7 | (field > 0).astype(np.int64) << 3) << SCALE_BITS - 4, np.maximum(field, 1) - 18


def exact_dot(codes, scale, x_mantissa, x_exponent, *, headroom, sub_scales=None, minimum=None,
              sub_minimums=None):
    """Rows of a quantised matrix times one block-floating-point vector.

    Parameters
    ----------
    codes : float64 array (rows, vectors, 32)
        Integer codes, tables already looked up. Where scales are for halves, these are twice as many vectors of 16, and
        so are those of ``x_mantissa``. In float64 because BLAS then takes the products, which stay
        below 2**53 and are therefore exact.
    scale : pair of int64 arrays (rows, vectors)
        Mantissas and exponents.
    x_mantissa : float64 array (vectors, 32)
        Integers of at most 17 bits and sign.
    x_exponent : int64 array (vectors,)
    headroom : int
        :func:`headroom_bits`.
    sub_scales, sub_minimums : float64 array (rows, vectors, 1 or 2), optional
        Integers, one for each 32 or 16 codes.
    minimum : pair of int64 arrays (rows, vectors), optional
        Like ``scale``.

    Returns
    -------
    float32 array (rows,)
    """
    if sub_scales is None:
        products = np.matmul(codes.transpose(1, 0, 2), x_mantissa[:, :, None])[:, :, 0].T
    else:
        sub_blocks = sub_scales.shape[2], VECTOR_CODES // sub_scales.shape[2]
        sums = np.einsum("rvgc,vgc->rvg", codes.reshape(*codes.shape[:2], *sub_blocks),
                         x_mantissa.reshape(-1, *sub_blocks))
        products = (sums * sub_scales).sum(axis=2)
    terms = [(products, *scale)]
    if minimum is not None:
        subs = np.ones((1, 1, 1)) if sub_minimums is None else sub_minimums
        sums = x_mantissa.reshape(len(x_mantissa), subs.shape[2], -1).sum(axis=2)
        terms.append(((sums * subs).sum(axis=2), *minimum))
    largest = np.max([exponent.max(axis=1) for _sums, _mantissa, exponent in terms], axis=0)
    anchor = largest + x_exponent.max()
    contribution, *subtracted = (
        (sums.astype(np.int64) * mantissa << headroom)
        >> np.minimum(anchor[:, None] - (exponent + x_exponent), 63)
        for sums, mantissa, exponent in terms)
    for share in subtracted:
        contribution = contribution - share
    return integer_to_fp32(contribution.sum(axis=1), anchor - headroom)


def exact_expand(codes, scale, *, headroom, sub_scales=None, minimum=None, sub_minimums=None):
    """Every code of one row times its scale: :func:`exact_dot` with each unit vector in turn.

    Parameters
    ----------
    codes, scale, headroom, sub_scales, minimum, sub_minimums
        As for :func:`exact_dot`, with one row.

    Returns
    -------
    float32 array (32 * vectors,)
    """
    def spread(subs):
        return 1 if subs is None else np.repeat(subs[0], VECTOR_CODES // subs.shape[2], axis=1)

    def share(product, mantissa, exponent):
        exact = (product * EXPAND_MANTISSA).astype(np.int64) * mantissa[0, :, None]
        return (exact << headroom) >> np.minimum(largest - exponent[0, :, None], 63)

    largest = max(part[1].max() for part in (scale, minimum) if part is not None)
    total = share(codes[0] * spread(sub_scales), *scale)
    if minimum is not None:
        total = total - share(np.ones_like(codes[0]) * spread(sub_minimums), *minimum)
    return integer_to_fp32(total, largest + EXPAND_EXPONENT - headroom).reshape(-1)
