"""The golden dot product against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.dot.exact import exact_dot, free_bits, unpack_fp16, unpack_power
from gateware.isa import Scale


def as_fraction(mantissa, exponent):
    return Fraction(int(mantissa)) * Fraction(2)**int(exponent)


def reference(codes, mantissa, exponent, x, x_exponent, code_bits, growth, sub_scales):
    """One row, in Python integers, as the module's text defines it."""
    scale = Scale.FP16 if sub_scales is None else Scale.SUB8
    anchor = max(exponent) + max(x_exponent)
    lsb = Fraction(2)**int(anchor - free_bits(code_bits, growth, scale))
    total = 0
    for vector in range(len(codes)):
        weights = [1, 1] if sub_scales is None else sub_scales[vector]
        product = sum(int(c) * int(m) * int(weights[lane // 16])
                      for lane, (c, m) in enumerate(zip(codes[vector], x[vector])))
        value = product * as_fraction(mantissa[vector], exponent[vector] + x_exponent[vector])
        total += value // lsb
    assert -2**63 <= total < 2**63
    return round_to_fp32(total * lsb) if total else np.float32(0)


def round_to_fp32(value):
    """Round a rational half to even, through its 24-bit significand."""
    shift = 0
    magnitude = abs(value)
    while magnitude >= 2**24:
        magnitude, shift = magnitude / 2, shift + 1
    while magnitude < 2**23:
        magnitude, shift = magnitude * 2, shift - 1
    return np.float32(np.copysign(float(round(magnitude)) * 2.0**shift, float(value)))


@pytest.mark.parametrize("kind", list(Scale))
@pytest.mark.parametrize("code_bits", [2, 4, 6, 8, 16])
def test_rows_agree_with_rational_arithmetic(kind, code_bits):
    rng = np.random.default_rng([int(kind), code_bits])
    rows, vectors = 4, 8
    limit = 1 << code_bits - 1
    codes = rng.integers(-limit, limit, (rows, vectors, 32))
    codes[0], sub_scales = -limit, None
    if kind == Scale.POWER:
        mantissa, exponent = unpack_power(rng.integers(-60, 60, (rows, vectors)))
    elif kind == Scale.NONE:
        mantissa, exponent = unpack_power(np.zeros((rows, vectors)))
    else:
        bits = rng.integers(0, 1 << 16, (rows, vectors))
        mantissa, exponent = unpack_fp16(np.where(bits >> 10 & 31 == 31, bits & 0x83FF, bits))
    if kind == Scale.SUB8:
        sub_scales = rng.integers(-128, 128, (rows, vectors, 2))
        sub_scales[0] = -128
    x = rng.integers(-2**17 + 1, 2**17, (vectors, 32))
    x[:2] = 2**17 - 1
    x_exponent = rng.integers(-40, 20, vectors)
    result = exact_dot(codes.astype(float), mantissa, exponent, x.astype(float), x_exponent, code_bits=code_bits,
                       growth=3, sub_scales=None if sub_scales is None else sub_scales.astype(float))
    for row in range(rows):
        expected = reference(codes[row], mantissa[row], exponent[row], x, x_exponent, code_bits, 3,
                             None if sub_scales is None else sub_scales[row])
        assert result[row] == expected


def test_the_order_of_vectors_does_not_matter():
    rng = np.random.default_rng(7)
    codes = rng.integers(-128, 128, (3, 16, 32)).astype(float)
    mantissa, exponent = unpack_fp16(rng.integers(0, 0x7C00, (3, 16)))
    x, x_exponent = rng.integers(-2**17 + 1, 2**17, (16, 32)).astype(float), rng.integers(-30, 30, 16)
    order = rng.permutation(16)
    first = exact_dot(codes, mantissa, exponent, x, x_exponent, code_bits=8, growth=4)
    second = exact_dot(codes[:, order], mantissa[:, order], exponent[:, order], x[order], x_exponent[order],
                       code_bits=8, growth=4)
    assert first.tobytes() == second.tobytes()


def test_every_finite_fp16_is_unpacked_exactly():
    bits = np.arange(1 << 16, dtype=np.uint16)
    bits = bits[(bits >> 10 & 31) != 31]
    mantissa, exponent = unpack_fp16(bits)
    assert (np.ldexp(mantissa.astype(float), exponent) == bits.view(np.float16)).all()
    assert np.abs(mantissa).max() < 1 << 11
