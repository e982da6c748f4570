"""Exponential, reciprocal and reciprocal root: accuracy, exact values, corners, hardware."""

import numpy as np
import pytest

from gateware.exact.function import fp32_exp2, fp32_function, fp32_reciprocal, fp32_rsqrt
from gateware.exact.function_tables import coefficients
from gateware.isa import Function
from gateware.numeric.function import Fp32Function


def _floats(bits):
    return np.asarray(bits, np.uint32).view(np.float32)


def _relative_error(got, want):
    """Largest relative error as a power of two."""
    return np.log2(np.max(np.abs(got.astype(np.float64) / want - 1)))


def test_reciprocal_accuracy():
    x = _floats(0x3f800000 + np.arange(0, 1 << 23, 5))
    assert _relative_error(fp32_reciprocal(x), 1 / x.astype(np.float64)) < -22.9


@pytest.mark.parametrize("field", [127, 128])
def test_rsqrt_accuracy(field):
    x = _floats((field << 23) + np.arange(0, 1 << 23, 5))
    assert _relative_error(fp32_rsqrt(x), x.astype(np.float64)**-0.5) < -22.9


def test_exp2_accuracy():
    x = np.concatenate([_floats((field << 23) + np.arange(0, 1 << 23, 41)) for field in range(97, 134)])
    x = np.concatenate([x, -x[x <= 126]])
    assert _relative_error(fp32_exp2(x), 2.0**x.astype(np.float64)) < -22.7


def test_exp2_never_decreases_near_zero():
    x = np.sort(np.concatenate([_floats(0x33000000 + np.arange(0, 0x02800000, 97)),
                                _floats(0xb3000000 + np.arange(0, 0x02800000, 97))]))
    y = fp32_exp2(x).view(np.int32)
    # One unit in the last place of play, where a segment ends.
    assert np.all(np.diff(y) >= -1)
    assert np.all(fp32_exp2(_floats([0x32000000, 0xb2000000, 0x00800000, 0x80800000])) == 1)


def test_other_exponents_scale_exactly():
    x = _floats(0x3f800000 + np.arange(0, 1 << 23, 99991))
    for power in range(-126, 125, 2):
        scale = np.float32(2.0**power)
        want = fp32_reciprocal(x) * np.float64(2.0**-power)
        flushed = np.where(want < 2.0**-126, 0, want)
        assert np.array_equal(fp32_reciprocal(x * scale), flushed)
        assert np.array_equal(fp32_rsqrt(x * scale), fp32_rsqrt(x) * 2.0**(-power // 2))


def test_exact_values():
    for n in range(-126, 128):
        power = np.float32(2.0**n)
        assert fp32_exp2(np.float32(n)) == power
        if n < 127:
            assert fp32_reciprocal(power) == 1 / power
        assert fp32_reciprocal(-power) == (-1 / power if n < 127 else 0)
        if n % 2 == 0:
            assert fp32_rsqrt(power) == 2.0**(-n // 2)


@pytest.mark.parametrize("function, x, want", [
    (fp32_exp2, [0x00000000, 0x80000000, 0x00000001, 0x807fffff], [0x3f800000] * 4),
    (fp32_exp2, [0x7f800000, 0xff800000, 0x7fc00000, 0xff812345], [0x7f800000, 0, 0x7fc00000, 0x7fc00000]),
    # 128, -126, the next below it, -127, -128, the largest.
    (fp32_exp2, [0x43000000, 0xc2fc0000, 0xc2fc0001, 0xc2fe0000, 0xc3000000, 0xff7fffff],
     [0x7f800000, 0x00800000, 0, 0, 0, 0]),
    (fp32_reciprocal, [0x00000000, 0x80000000, 0x00000001, 0x807fffff],
     [0x7f800000, 0xff800000, 0x7f800000, 0xff800000]),
    (fp32_reciprocal, [0x7f800000, 0xff800000, 0x7fc00000, 0xff812345],
     [0, 0x80000000, 0x7fc00000, 0x7fc00000]),
    # The ends of the normal range; what lies beyond 2**126 has a subnormal reciprocal.
    (fp32_reciprocal, [0x00800000, 0x7e800000, 0x7e800001, 0xfe800001, 0x7f7fffff],
     [0x7e800000, 0x00800000, 0, 0x80000000, 0]),
    (fp32_rsqrt, [0x00000000, 0x80000000, 0x00000001, 0x807fffff], [0x7f800000] * 4),
    (fp32_rsqrt, [0x7f800000, 0xff800000, 0x7fc00000, 0xff812345, 0xbf800000, 0x80800000],
     [0] + [0x7fc00000] * 5),
])
def test_corners(assert_same_bits, function, x, want):
    assert_same_bits(function(_floats(x)), np.array(want), x=_floats(x))


def test_identity(corners, assert_same_bits):
    bits = corners.view(np.uint32)
    exponent = bits & 0x7f800000
    want = np.where(exponent == 0, bits & 0x80000000, np.where(corners == corners, bits, 0x7fc00000))
    assert_same_bits(fp32_function(Function.IDENTITY, corners), want, x=corners)


def test_selection_by_element(corners, assert_same_bits):
    want = np.stack([fp32_function(function, corners) for function in Function])
    got = fp32_function(np.arange(4)[:, np.newaxis], corners)
    assert_same_bits(got.ravel(), want.ravel())
    assert fp32_function(Function.EXP2, np.float32(3)) == 8
    with pytest.raises(ValueError, match=r"^Function must be 0\.\.3, not array\(4\)$"):
        fp32_function(4, corners)


def test_coefficients_fit_their_tables():
    c0, c1, c2 = np.array(coefficients()).T
    assert len(c0) == 512
    assert np.all((0 <= c0) & (c0 < 1 << 28))
    assert np.all(np.abs(c1) < 1 << 21)
    assert np.all(np.abs(c2) < 1 << 17)


@pytest.fixture(scope="module")
def operands(corners):
    rng = np.random.default_rng(9)
    any_bits = _floats(rng.integers(0, 1 << 32, 3000))
    usual = _floats(rng.integers(0x37000000, 0x43100000, 5000)) * rng.choice(np.float32([-1, 1]), 5000)
    # Every segment's ends.
    ends = _floats(0x3f800000 + ((np.arange(256)[:, np.newaxis] << 16) + [-1, 0]).ravel())
    return np.concatenate([corners, any_bits, usual, ends])


def test_hardware(operands, run_pipeline, assert_same_bits):
    rng = np.random.default_rng(10)
    a = np.tile(operands, 2)
    select = np.concatenate([rng.integers(0, 4, len(operands)), rng.integers(1, 4, len(operands))])
    got = run_pipeline(Fp32Function(), a=a, select=select)
    assert_same_bits(got, fp32_function(select, a), a=a, select=select)


def test_hardware_corners(corners, run_pipeline, assert_same_bits):
    a, select = (x.ravel() for x in np.meshgrid(corners, np.arange(4)))
    got = run_pipeline(Fp32Function(), a=a, select=select)
    assert_same_bits(got, fp32_function(select, a), a=a, select=select)
