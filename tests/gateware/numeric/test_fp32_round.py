# amaranth: UnusedElaboratable=no
"""The rounding stage that the fp32 units share."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.numeric.fp32_round import Fp32Round


def test_rounding(run_pipeline, fp32_round_exact, assert_same_bits):
    rng = np.random.default_rng(11)
    count = 2000
    significand = rng.integers(1 << 23, 1 << 24, count)
    significand[::5] = (1 << 24) - 1
    exponent = rng.choice([-510, -300, -1, 0, 1, 2, 127, 253, 254, 255, 300, 510], count)
    sign, guard, sticky = rng.integers(0, 2, (3, count))
    got = run_pipeline(Fp32Round(exponent_width=10), sign=sign, exponent=exponent, significand=significand,
                       guard=guard, sticky=sticky)
    want = [fp32_round_exact((-1)**s * Fraction(4 * n + 2 * g + t) * Fraction(2)**(e - 127 - 25))
            for s, e, n, g, t in zip(*(x.tolist() for x in (sign, exponent, significand, guard, sticky)))]
    assert_same_bits(got, np.array(want), sign=sign, exponent=exponent, significand=significand)


def test_overruling_flags(run_pipeline, assert_same_bits):
    flags = np.arange(16)
    sign, zero, infinity, nan = (flags >> bit & 1 for bit in range(4))
    got = run_pipeline(Fp32Round(exponent_width=13), sign=sign, exponent=np.full(16, 127),
                       significand=np.full(16, 3 << 22), zero=zero, infinity=infinity, nan=nan)
    number = np.where(infinity, 0x7f800000, np.where(zero, 0, 0x3fc00000)) | sign << 31
    assert_same_bits(got, np.where(nan, 0x7fc00000, number), flags=flags)


def test_exponent_width():
    with pytest.raises(ValueError, match=r"^Exponent width must be at least 10, not 9$"):
        Fp32Round(exponent_width=9)
