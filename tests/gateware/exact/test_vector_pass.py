"""The golden functions of a pass against the numeric functions that they abbreviate."""

import warnings

import numpy as np
import pytest

from gateware.exact.fp32 import fp32_add, fp32_multiply, fp32_total_order_key
from gateware.exact.function import fp32_function
from gateware.exact.vector_pass import column, hide, reduce_max, scale_bits, stored, swap, vector_pass
from gateware.isa import Function

WORDS = np.array([0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80ffffff, 0x3f800000,
                  0xbf800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345],
                 np.uint32)


@pytest.mark.parametrize("function", Function)
@pytest.mark.parametrize("c", [0.0, -0.0, 1.0, np.float32(1e-39), np.nan])
@pytest.mark.parametrize("b", [1.0, -1.0, 0.0, np.float32(1e-39), np.inf])
def test_steps_are_never_skipped_visibly(b, c, function):
    normal = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    for a in (WORDS.view(np.float32), normal, WORDS.view(np.float32)[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = vector_pass(a, b, c, function)
        want = fp32_function(function, fp32_add(fp32_multiply(a, b), c))
        assert got.dtype == np.float32 and np.shape(got) == np.shape(a)
        assert np.array_equal(np.asarray(got).view(np.uint32), np.asarray(want).view(np.uint32))


def test_operands_broadcast():
    a = np.arange(6, dtype=np.float32)
    assert np.array_equal(vector_pass(np.float32(2), a, a, 0), 3 * a)
    assert np.array_equal(vector_pass(a, 1.0, a, 0), 2 * a)


def test_swap():
    assert swap(np.arange(6)).tolist() == [1, 0, 3, 2, 5, 4]


def test_max_takes_the_total_order():
    rng = np.random.default_rng(0)
    values = np.delete(WORDS, -1).view(np.float32)  # No unit makes a NaN with a sign.
    for _ in range(100):
        x = rng.choice(values, rng.integers(1, 6))
        assert fp32_total_order_key(reduce_max(x)) == fp32_total_order_key(x).max()
    assert np.signbit(reduce_max(np.array([-1, -0.0], np.float32)))
    assert not np.signbit(reduce_max(np.array([-0.0, 0.0, -0.0], np.float32)))


def test_column_is_padded_and_has_an_exponent_per_block():
    x = np.full(300, 0.75, np.float32)
    x[256:] = 3.0
    mantissas, exponents = column(x)
    assert mantissas.shape == (320,) and exponents.tolist() == [-17, -15]
    assert (mantissas[:300] * 2.0**np.repeat(exponents, 256)[:300] == x).all() and not mantissas[300:].any()
    assert column(x[:64])[0].shape == (64,)


def test_stored():
    codes, exponent = stored(np.array([1.0, -0.5, 0.0], np.float32))
    assert codes.dtype == np.int16 and codes.tolist() == [1 << 14, -1 << 13, 0] and exponent == -14


def test_scale_bits():
    assert scale_bits(0) == 0x3f800000
    assert scale_bits(-126) == 0x00800000
    assert scale_bits(-127) == scale_bits(-141) == 0


def test_hidden_elements_are_zeros_and_do_not_count():
    x = np.array([1, np.nan, -3, np.inf, 5], np.float32)
    shown, counts = hide(x, range(1, 4))
    assert shown.view(np.uint32).tolist() == np.array([1, 0, 0, 0, 5], np.float32).view(np.uint32).tolist()
    assert counts.tolist() == [1, 5]
    assert x[3] == np.inf
    for nothing in (range(0), range(3, 3), range(4, 1)):
        shown, counts = hide(x, nothing)
        assert shown.tobytes() == counts.tobytes() == x.tobytes()
