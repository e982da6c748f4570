"""The order of fp32 sums."""

import numpy as np
import pytest

from gateware.exact.fp32 import fp32_add
from gateware.exact.sums import PARTIAL_SUMS, interleaved_sum


def _by_the_definition(x):
    partial = [np.float32(0)] * PARTIAL_SUMS
    for i, element in enumerate(x):
        partial[i % PARTIAL_SUMS] = fp32_add(partial[i % PARTIAL_SUMS], element)
    half = PARTIAL_SUMS // 2
    while half:
        partial = [fp32_add(partial[i], partial[i + half]) for i in range(half)]
        half //= 2
    return partial[0]


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 256, 1000])
@pytest.mark.parametrize("scale", [1.0, 2.0**-126, 2.0**125])
def test_order(assert_same_bits, length, scale):
    x = (np.random.default_rng(length).standard_normal(length) * scale).astype(np.float32)
    assert_same_bits([interleaved_sum(x).view(np.uint32)], [_by_the_definition(x).view(np.uint32)])


def test_order_matters():
    x = np.zeros(129, np.float32)
    x[[0, 64, 128]] = 2.0**24, 1, 1
    assert interleaved_sum(x) == 2**24
    # Elements 1 and 3 meet each other before they meet element 0.
    x[[1, 3, 64, 128]] = 1, 1, 0, 0
    assert interleaved_sum(x) == 2**24 + 2


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan, -0.0, 2.0**-140])
def test_special_values(assert_same_bits, special):
    x = np.full(100, -0.0, np.float32)
    x[70] = special
    assert_same_bits([interleaved_sum(x).view(np.uint32)], [_by_the_definition(x).view(np.uint32)])
    x[6] = -special
    assert_same_bits([interleaved_sum(x).view(np.uint32)], [_by_the_definition(x).view(np.uint32)])


def test_padding_with_negative_zero_changes_nothing(assert_same_bits):
    x = np.random.default_rng(5).standard_normal(70).astype(np.float32)
    padded = np.concatenate([x, np.full(58, -0.0, np.float32)])
    assert_same_bits([interleaved_sum(padded).view(np.uint32)], [interleaved_sum(x).view(np.uint32)])


def test_rows(assert_same_bits):
    x = np.random.default_rng(6).standard_normal((2, 3, 130)).astype(np.float32)
    x[1, 1, 7] = 2.0**-130
    want = [[_by_the_definition(row) for row in rows] for rows in x]
    assert_same_bits(interleaved_sum(x).ravel(), np.array(want).ravel())


def test_scalar():
    with pytest.raises(ValueError, match=r"^Operand of a sum must have at least one dimension, not "):
        interleaved_sum(np.float32(1))
