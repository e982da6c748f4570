"""Scaled integers to fp32: the function against exact arithmetic, the hardware against it."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.exact.fp32 import integer_to_fp32
from gateware.numeric.integer_to_fp32 import IntegerToFp32


@pytest.fixture(scope="module")
def operands():
    """Integers of every length, ties and their neighbours at every length, exponents around both ends."""
    rng = np.random.default_rng(8)
    corners = np.array([0, 1, -1, 2**24 - 1, 2**24 + 1, -2**25 - 2, 2**48, 2**48 - 1, -2**48, -2**48 - 1,
                        2**53 + 1, 2**63 - 1, 2**63 - 2**38, 2**63 - 2**38 - 1, -2**63, -2**63 + 1])
    exponents = np.array([-2048, -250, -190, -151, -150, -149, -127, -126, -1, 0, 64, 65, 103, 104, 127,
                          2047])
    corners, corner_exponents = (x.ravel() for x in np.meshgrid(corners, exponents))
    lengths = rng.integers(-2**63, 2**63 - 1, 2000) >> rng.integers(0, 63, 2000)
    shifts = rng.integers(0, 39, 2000)
    ties = ((rng.integers(2**23, 2**24, 2000) * 2 + 1) << shifts) + rng.integers(-1, 2, 2000)
    ties *= rng.choice([-1, 1], 2000)
    mantissas = np.concatenate([lengths, ties, ties])
    tops = np.concatenate([np.zeros(4000, int), shifts + 24])
    # The last group has results around 2**-126 and around 2**128.
    near = rng.choice([-127, 127], 2000) + rng.integers(-2, 3, 2000)
    exponent = np.concatenate([rng.integers(-200, 130, 2000), rng.integers(-60, 60, 2000), near]) - tops
    return np.concatenate([corners, mantissas]), np.concatenate([corner_exponents, exponent])


def test_function_is_exact(operands, fp32_round_exact, assert_same_bits):
    mantissa, exponent = operands
    want = [fp32_round_exact(Fraction(m) * Fraction(2)**e)
            for m, e in zip(mantissa.tolist(), exponent.tolist())]
    got = integer_to_fp32(mantissa, exponent)
    assert_same_bits(got, np.array(want), mantissa=mantissa, exponent=exponent)


def test_flush_after_rounding():
    assert integer_to_fp32(2**25 - 1, -126 - 25) == 2.0**-126
    assert integer_to_fp32(2**25 - 2, -126 - 25) == 0
    assert np.signbit(integer_to_fp32(-2**25 + 2, -126 - 25))


def test_rounded_once():
    # Half a unit and 2**-40 of it: a detour through float64 would round to even.
    assert integer_to_fp32(2**62 + 2**38 + 1, 0) == np.float32(2**62 + 2**39)
    assert integer_to_fp32(2**62 + 2**38, 0) == np.float32(2**62)


def test_function_shapes(operands, assert_same_bits):
    mantissa, exponent = (x[-500:] for x in operands)
    one_by_one = [integer_to_fp32(m, e).view(np.uint32) for m, e in zip(mantissa, exponent)]
    assert_same_bits(one_by_one, integer_to_fp32(mantissa, exponent))
    assert_same_bits(integer_to_fp32(mantissa, -3), integer_to_fp32(mantissa, np.full_like(exponent, -3)))
    assert integer_to_fp32(np.zeros((0, 3), np.int64), -3).shape == (0, 3)


def test_hardware(operands, run_pipeline, assert_same_bits):
    mantissa, exponent = operands
    got = run_pipeline(IntegerToFp32(), mantissa=mantissa, exponent=exponent)
    assert_same_bits(got, integer_to_fp32(mantissa, exponent), mantissa=mantissa, exponent=exponent)
