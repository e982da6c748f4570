# amaranth: UnusedElaboratable=no
"""Blocks of the vector unit by themselves, and the cycles that its docstring names as numbers."""

import numpy as np
import pytest

from gateware.exact.fp32 import fp32_add, fp32_multiply
from gateware.exact.function import fp32_function
from gateware.isa import Function
from gateware.vector.code_serialiser import CodeSerialiser
from gateware.vector.half_stripes import HalfStripes
from gateware.vector.lane import Lane
from gateware.vector.max_reducer import MaxReducer
from gateware.vector.quantiser import Quantiser
from gateware.vector.stripe_function import StripeFunction
from gateware.vector.sum_reducer import SumReducer
from testing.cycles import run_cycles


def test_numbers_of_the_vector_unit():
    """With four lanes, that is two in the reductions."""
    assert Quantiser.latency(4) == 14
    assert MaxReducer.latency(2) + 3 == 8
    assert [SumReducer.tail(2, length) + 3 for length in (1, 64)] == [18, 123]
    assert [SumReducer.interval(lanes) for lanes in (1, 2, 4, 8)] == [1, 1, 1, 2]


def test_codes_leave_three_cycles_after_their_stripe():
    dut = CodeSerialiser(lanes=4)
    inputs = [{"reserve": 1, "codes.ready": 1, "last_lane": 1}, {"reserve": 1},
              {"reserve": 0, "valid": 1, "stripe": [1, -2, 3, -4]}, {"stripe": [5, 6, 7, 8], "last": 1}, {"valid": 0}]
    got = run_cycles(dut, inputs, ["codes.valid", "codes.payload", "done"], tail=8)
    codes = [(cycle, payload["code"], payload["last"], done) for cycle, (valid, payload, done) in
             enumerate(zip(got["codes.valid"], got["codes.payload"], got["done"])) if valid]
    assert codes == [(5, 1, 0, 0), (6, -2, 0, 0), (7, 3, 0, 0), (8, -4, 0, 0), (9, 5, 0, 0), (10, 6, 1, 1)]


def test_half_stripes():
    """The lower half in the cycle of the stripe, the upper one in the next."""
    inputs = [{"arrives": 1, "stripe": [1, 2, 3, 4]}, {"arrives": 0, "stripe": [9, 9, 9, 9]},
              {"arrives": 1, "stripe": [5, 6, 7, 8]}, {"arrives": 0}]
    assert run_cycles(HalfStripes(lanes=4), inputs, ["half"])["half"] == [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize("function", [Function.EXP2, Function.RECIPROCAL, Function.RSQRT])
def test_functions_of_stripes(function):
    """18 cycles, a stripe every second cycle."""
    rng = np.random.default_rng(int(function))
    stripes = rng.uniform(0.1, 20, (40, 4)).astype(np.float32)
    inputs = [{"function": int(function)}]
    for stripe in stripes:
        inputs += [{"arrives": 1, "stripe": stripe.view(np.uint32).tolist()}, {"arrives": 0, "stripe": [0] * 4}]
    got = run_cycles(StripeFunction(lanes=4), inputs, ["o"], tail=18)["o"]
    assert np.array(got[1 + 18::2], np.uint32).tobytes() == fp32_function(function, stripes).tobytes()


def test_a_lane():
    """``a * b + c`` after 19 cycles, c eight cycles after a and b."""
    rng = np.random.default_rng(1)
    a, b, c = rng.standard_normal((3, 60)).astype(np.float32)
    inputs = [{"a": int(x), "b": int(y)} for x, y in zip(a.view(np.uint32), b.view(np.uint32))] + [{}] * 8
    for cycle, z in enumerate(c.view(np.uint32)):
        inputs[cycle + 8] = inputs[cycle + 8] | {"c": int(z)}
    got = run_cycles(Lane(), inputs, ["o"], tail=11)["o"]
    assert np.array(got[19:], np.uint32).tobytes() == fp32_add(fp32_multiply(a, b), c).tobytes()
