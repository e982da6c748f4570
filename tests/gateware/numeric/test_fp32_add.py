"""Single-precision addition: the function against exact arithmetic, the hardware against it."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.exact.fp32 import fp32_add
from gateware.numeric.fp32_add import Fp32Add


def _bits(rng, low, high, count):
    return rng.integers(low, high, count, dtype=np.uint32).view(np.float32)


@pytest.fixture(scope="module")
def operands(corner_pairs):
    """Corners, any bits, every alignment of long and short significands, cancellation, tiny sums."""
    rng = np.random.default_rng(2)
    distance = rng.integers(0, 30, 3000)
    a = _bits(rng, 0x3f800000, 0x40000000, 3000)
    b = _bits(rng, 0x3f800000, 0x40000000, 3000) * 2.0**-distance * rng.choice([-1, 1], 3000)
    # Short significands make ties.
    length = rng.integers(8, 24, (2, 1500), dtype=np.uint32)
    short = _bits(rng, 0x40000000, 0x4c000000, (2, 1500)).view(np.uint32) >> length << length
    short = short.view(np.float32)
    short[1] *= rng.choice([-1, 1], 1500)
    close = _bits(rng, 0x3ffffff0, 0x40000010, (2, 300)) * np.array([[1], [-1]])
    tiny = _bits(rng, 0x00700000, 0x02000000, (2, 1000)) * rng.choice([-1, 1], (2, 1000))
    groups = [(a, b), short, close, tiny]
    groups = [np.stack(group).astype(np.float32) for group in groups]
    groups += [corner_pairs, _bits(rng, 0, 1 << 32, (2, 2000))]
    return tuple(np.concatenate(part) for part in zip(*groups))


def test_function_is_exact(operands, fp32_round_exact, assert_same_bits):
    a, b = operands
    want = []
    for x, y in zip(a, b):
        x, y = (np.copysign(np.float32(0), z) if abs(z) < 2.0**-126 else z for z in (x, y))
        if np.isfinite(x) and np.isfinite(y):
            negative_zero = x == y == 0 and np.signbit(x) and np.signbit(y)
            total = fp32_round_exact(Fraction(float(x)) + Fraction(float(y)))
            want.append(np.float32(-0.0) if negative_zero else total)
        elif x != x or y != y or x == -y:
            want.append(np.float32(np.nan))
        else:
            want.append(x if np.isinf(x) else y)
    assert_same_bits(fp32_add(a, b), np.array(want), a=a, b=b)


def test_function_shapes(operands, assert_same_bits):
    a, b = (x[-1000:] for x in operands)
    assert_same_bits([fp32_add(x, y).view(np.uint32) for x, y in zip(a, b)], fp32_add(a, b))
    assert_same_bits(fp32_add(a, np.float32(3)), fp32_add(a, np.full_like(a, 3)), a=a)
    assert fp32_add(np.zeros((0,), np.float32), b[:1]).shape == (0,)


def test_hardware(operands, run_pipeline, assert_same_bits):
    a, b = operands
    assert_same_bits(run_pipeline(Fp32Add(), a=a, b=b), fp32_add(a, b), a=a, b=b)
