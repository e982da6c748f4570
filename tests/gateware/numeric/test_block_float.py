"""Block floating point: the functions against exact arithmetic, the hardware against them."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.exact.block_float import MANTISSA_BITS, block_exponent, block_float_round, quantise_block
from gateware.numeric.block_float import BlockFloatRound


@pytest.fixture(scope="module")
def operands(corners):
    """Numbers and exponents, all shifts from far too large to far too small; ties; ends of the range."""
    rng = np.random.default_rng(3)
    exponents = np.array([-512, -143, -141, -20, -16, -14, 0, 1, 112, 114, 511])
    a, exponent = (x.ravel() for x in np.meshgrid(corners, exponents))
    bits = rng.integers(0, 1 << 32, 4000, dtype=np.uint32)
    bits[:2000] = bits[:2000] >> rng.integers(0, 24, 2000, dtype=np.uint32) << 14
    field = (bits >> 23 & 255).astype(np.int64)
    near = field - 127 - rng.integers(-10, 30, 4000)
    return np.concatenate([a, bits.view(np.float32)]), np.concatenate([exponent, near])


@pytest.mark.parametrize("bits", MANTISSA_BITS)
def test_function_is_exact(operands, bits):
    a, exponent = operands
    limit = 2**(bits - 1) - 1
    want = []
    for x, e in zip(a, exponent.tolist()):
        if not np.isfinite(x):
            want.append(-limit if np.signbit(x) else limit)
        elif abs(x) < 2.0**-126:
            want.append(0)
        else:
            want.append(max(-limit, min(limit, round(Fraction(float(x)) / Fraction(2)**e))))
    got = block_float_round(a, exponent, bits)
    assert got.dtype == np.int32
    assert np.array_equal(got, want)


@pytest.mark.parametrize("bits", MANTISSA_BITS)
def test_hardware(operands, run_pipeline, bits):
    order = np.random.default_rng(4).permutation(len(operands[0]))
    a, exponent = (x[order] for x in operands)
    want = block_float_round(a, exponent, bits)
    got = run_pipeline(BlockFloatRound(), a=a, exponent=exponent, bits=np.full(len(a), bits))
    different = np.flatnonzero(got != want)
    assert not len(different), [(x[different[0]]) for x in (a, exponent, got, want)]


@pytest.mark.parametrize("bits", [18, 16])
def test_largest_magnitude_fills_the_mantissa(bits):
    rng = np.random.default_rng(bits)
    x = (rng.standard_normal(1024) * 2.0**np.repeat([-100, 0, 7, 100], 256)).astype(np.float32)
    mantissas, exponents = quantise_block(x, bits)
    assert mantissas.dtype == np.int32 and exponents.dtype == np.int16
    magnitudes = np.abs(mantissas).reshape(4, 256).max(axis=1)
    assert np.all((2**(bits - 2) <= magnitudes) & (magnitudes < 2**(bits - 1)))
    error = np.abs(np.ldexp(mantissas.astype(np.float64), np.repeat(exponents, 256)) - x)
    assert np.all(error <= np.ldexp(0.5, np.repeat(exponents, 256)))


def test_clamp_of_the_largest_magnitude():
    mantissas, exponents = quantise_block(np.array([0x3fffffff, 0xbfffffff], np.uint32).view(np.float32), 16)
    assert mantissas.tolist() == [32767, -32767] and exponents.tolist() == [-14]


@pytest.mark.parametrize("bits", [18, 16])
def test_zeros_and_subnormals(bits):
    mantissas, exponents = quantise_block(np.array([0, -0.0, 2.0**-127, -2.0**-149], np.float32), bits)
    assert mantissas.tolist() == [0, 0, 0, 0] and exponents.tolist() == [-127 - (bits - 2)]


def test_infinity_takes_the_whole_block():
    x = np.array([1, -np.inf, np.nan, 2.0**127], np.float32)
    assert block_exponent(x, 18) == 128 - 16
    mantissas, _ = quantise_block(x, 18)
    assert mantissas.tolist() == [0, -131071, 131071, 2**15]


def test_runs():
    x = np.random.default_rng(7).standard_normal(70).astype(np.float32)
    mantissas, exponents = quantise_block(x, 18, block=32)
    assert len(mantissas) == 70 and len(exponents) == 3
    for run in range(3):
        part = x[32 * run:32 * run + 32]
        assert exponents[run] == block_exponent(part, 18)
        assert np.array_equal(mantissas[32 * run:32 * run + 32], block_float_round(part, exponents[run], 18))


def test_empty_vector():
    mantissas, exponents = quantise_block(np.zeros(0, np.float32), 16)
    assert mantissas.shape == exponents.shape == (0,)


def test_wrong_parameters():
    with pytest.raises(ValueError, match=r"^Mantissa width must be 18, 16, 8 or 4, not 17$"):
        quantise_block(np.zeros(4, np.float32), 17)
    with pytest.raises(ValueError, match=r"^Vector to quantise must have one dimension, not 2$"):
        quantise_block(np.zeros((4, 4), np.float32), 18)
