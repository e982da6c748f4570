"""Single-precision multiplication: the function against exact arithmetic, the hardware against it."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.exact.fp32 import fp32_multiply
from gateware.numeric.fp32_multiply import Fp32Multiply


def _bits(rng, low, high, count):
    return rng.integers(low, high, count, dtype=np.uint32).view(np.float32)


@pytest.fixture(scope="module")
def operands(corner_pairs):
    """Corners, any bits, significands of all lengths, and products around 2**-126 and 2**128."""
    rng = np.random.default_rng(1)
    short = rng.integers(0, 24, (2, 1000), dtype=np.uint32)
    ones = (_bits(rng, 0x3f800000, 0x40000000, (2, 1000)).view(np.uint32) >> short << short).view(np.float32)
    tiny = _bits(rng, 0x1f700000, 0x20000000, (2, 1500))
    # x * (2 - x) with x near 1 lies just below 1: products just below the normal range.
    near = _bits(rng, 0x3f7fff00, 0x3f800100, 500)
    edge = np.stack([near * np.float32(2.0**-63), (2 - near) * np.float32(2.0**-63)])
    large = _bits(rng, 0x5f000000, 0x5fc00000, (2, 500))
    groups = [corner_pairs, _bits(rng, 0, 1 << 32, (2, 2000)), ones, tiny, edge, large]
    return tuple(np.concatenate(part) for part in zip(*groups))


def test_function_is_exact(operands, fp32_round_exact, assert_same_bits):
    a, b = operands
    want = []
    for x, y in zip(a, b):
        x, y = (np.copysign(np.float32(0), z) if abs(z) < 2.0**-126 else z for z in (x, y))
        if np.isfinite(x) and np.isfinite(y):
            product = abs(fp32_round_exact(Fraction(float(x)) * Fraction(float(y))))
        elif x == 0 or y == 0 or x != x or y != y:
            want.append(np.float32(np.nan))
            continue
        else:
            product = np.float32(np.inf)
        want.append(-product if np.signbit(x) != np.signbit(y) else product)
    assert_same_bits(fp32_multiply(a, b), np.array(want), a=a, b=b)


def test_function_shapes(operands, assert_same_bits):
    a, b = (x[-1000:] for x in operands)
    assert_same_bits([fp32_multiply(x, y).view(np.uint32) for x, y in zip(a, b)], fp32_multiply(a, b))
    assert_same_bits(fp32_multiply(a, np.float32(3)), fp32_multiply(a, np.full_like(a, 3)), a=a)
    assert fp32_multiply(np.zeros((0,), np.float32), b[:1]).shape == (0,)


def test_hardware(operands, run_pipeline, assert_same_bits):
    a, b = operands
    assert_same_bits(run_pipeline(Fp32Multiply(), a=a, b=b), fp32_multiply(a, b), a=a, b=b)
