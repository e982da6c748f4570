"""The golden dot product against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from gateware.exact.dot import exact_dot, exact_expand, headroom_bits, unpack_fp16, unpack_power
from gateware.isa import CodeKind


def as_fraction(mantissa, exponent):
    return Fraction(int(mantissa)) * Fraction(2)**int(exponent)


def reference(codes, x, x_exponent, headroom, scale, sub_scales, minimum, sub_minimums):
    """One row, in Python integers, as the module's text defines it."""
    terms = [(1, codes, scale, sub_scales)]
    if minimum is not None:
        terms.append((-1, np.ones_like(codes), minimum, sub_minimums))
    anchor = max(max(exponent) for _sign, _codes, (_mantissa, exponent), _subs in terms) + max(x_exponent)
    lsb = Fraction(2)**int(anchor - headroom)
    total = 0
    for sign, numbers, (mantissa, exponent), subs in terms:
        for vector in range(len(codes)):
            weights = [1] if subs is None else subs[vector]
            lanes = 32 // len(weights)
            product = sum(int(c) * int(m) * int(weights[lane // lanes])
                          for lane, (c, m) in enumerate(zip(numbers[vector], x[vector])))
            value = product * as_fraction(mantissa[vector], exponent[vector] + x_exponent[vector])
            total += sign * (value // lsb)
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


def random_fp16(rng, shape):
    bits = rng.integers(0, 1 << 16, shape)
    return unpack_fp16(np.where(bits >> 10 & 31 == 31, bits & 0x83FF, bits))


def unsigned_or_signed(rng, bits, signed, shape):
    """Random numbers of a width; the first row holds the largest magnitude."""
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    numbers = rng.integers(low, high, shape)
    numbers[0] = low if signed else high - 1
    return numbers


CASES = [
    *({"code_bits": bits, "code_kind": CodeKind.SIGNED} for bits in (2, 4, 5, 8, 16)),
    {"code_bits": 4, "code_kind": CodeKind.TABLE},
    *({"code_bits": bits, "code_kind": CodeKind.UNSIGNED, "minimum": True} for bits in (4, 5)),
    {"code_bits": 2, "code_kind": CodeKind.UNSIGNED, "minimum": True, "sub_bits": 4, "subs": 2},
    {"code_bits": 3, "code_kind": CodeKind.SIGNED, "sub_bits": 6, "sub_signed": True, "subs": 2},
    {"code_bits": 4, "code_kind": CodeKind.UNSIGNED, "minimum": True, "sub_bits": 6, "subs": 1},
    {"code_bits": 6, "code_kind": CodeKind.SIGNED, "sub_bits": 8, "sub_signed": True, "subs": 2},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_agree_with_rational_arithmetic(case):
    rng = np.random.default_rng(len(str(case)))
    rows, vectors = 4, 8
    case = dict(case)
    subs = case.pop("subs", 0)
    headroom = headroom_bits(growth=3, **case)
    if case["code_kind"] == CodeKind.TABLE:
        codes = unsigned_or_signed(rng, 8, True, (rows, vectors, 32))
    else:
        codes = unsigned_or_signed(rng, case["code_bits"], case["code_kind"] == CodeKind.SIGNED, (rows, vectors, 32))
    scale = random_fp16(rng, (rows, vectors)) if case["code_bits"] < 16 else unpack_power(
        rng.integers(-60, 60, (rows, vectors)))
    minimum = random_fp16(rng, (rows, vectors)) if case.get("minimum") else None
    sub_scales = unsigned_or_signed(rng, case["sub_bits"], case.get("sub_signed", False),
                                    (rows, vectors, subs)) if subs else None
    sub_minimums = unsigned_or_signed(rng, case["sub_bits"], False, (rows, vectors, subs)) if (
        subs and case.get("minimum")) else None
    x = rng.integers(-2**17 + 1, 2**17, (vectors, 32))
    x[:2] = 2**17 - 1
    x_exponent = rng.integers(-40, 20, vectors)
    as_float = lambda numbers: None if numbers is None else numbers.astype(float)  # noqa: E731
    result = exact_dot(codes.astype(float), scale, x.astype(float), x_exponent, headroom=headroom, minimum=minimum,
                       sub_scales=as_float(sub_scales), sub_minimums=as_float(sub_minimums))
    row_of = lambda pair, row: None if pair is None else tuple(part[row] for part in pair)  # noqa: E731
    for row in range(rows):
        expected = reference(codes[row], x, x_exponent, headroom, row_of(scale, row),
                             None if sub_scales is None else sub_scales[row], row_of(minimum, row),
                             None if sub_minimums is None else sub_minimums[row])
        assert result[row] == expected
    expanded = exact_expand(codes[:1].astype(float), row_of(scale, slice(1)), headroom=headroom,
                            minimum=row_of(minimum, slice(1)),
                            sub_scales=as_float(None if sub_scales is None else sub_scales[:1]),
                            sub_minimums=as_float(None if sub_minimums is None else sub_minimums[:1]))
    for lane in (0, 17, 40, 255):
        one_hot = np.zeros((vectors, 32), int)
        one_hot[lane // 32, lane % 32] = 1 << 16
        assert expanded[lane] == reference(
            codes[0], one_hot, [-16] * vectors, headroom, row_of(scale, 0), None if subs == 0 else sub_scales[0],
            row_of(minimum, 0), None if sub_minimums is None else sub_minimums[0])


def test_the_order_of_vectors_does_not_matter():
    rng = np.random.default_rng(7)
    codes = rng.integers(-128, 128, (3, 16, 32)).astype(float)
    mantissa, exponent = unpack_fp16(rng.integers(0, 0x7C00, (3, 16)))
    x, x_exponent = rng.integers(-2**17 + 1, 2**17, (16, 32)).astype(float), rng.integers(-30, 30, 16)
    order = rng.permutation(16)
    headroom = headroom_bits(code_bits=8, code_kind=CodeKind.SIGNED, growth=4)
    first = exact_dot(codes, (mantissa, exponent), x, x_exponent, headroom=headroom)
    second = exact_dot(codes[:, order], (mantissa[:, order], exponent[:, order]), x[order], x_exponent[order],
                       headroom=headroom)
    assert first.tobytes() == second.tobytes()


def test_every_finite_fp16_is_unpacked_exactly():
    bits = np.arange(1 << 16, dtype=np.uint16)
    bits = bits[(bits >> 10 & 31) != 31]
    mantissa, exponent = unpack_fp16(bits)
    assert (np.ldexp(mantissa.astype(float), exponent) == bits.view(np.float16)).all()
    assert np.abs(mantissa).max() < 1 << 11
