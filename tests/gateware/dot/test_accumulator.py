"""The accumulator against Python's integers: every contribution floored, every total exact."""

import numpy as np
import pytest

from gateware.dot.accumulator import Accumulator
from gateware.shapes.dot_shape import DotShape
from testing.cycles import run_cycles


def draw(rng, bits, shape=None):
    """Numbers of ``bits`` bits and sign whose size varies, never the most negative one."""
    top = 1 << bits
    numbers = rng.integers(1 - top, top, shape) >> rng.integers(0, bits, shape)
    return numbers.tolist() if shape else int(numbers)


def contribution(part, column):
    scaled = part["sums"][column] * part["mantissa"] << 15 >> part["distances"][column]
    return scaled - (part["minimum_sums"][column] * part["minimum"] << 24 >> part["minimum_distances"][column])


@pytest.mark.parametrize("lanes, columns, slots, minimums", [(4, 1, 1, False), (32, 2, 3, True), (64, 1, 2, True)])
def test_totals(lanes, columns, slots, minimums):
    """Contributions to all slots and halves in any order, also one after another to the same, with cycles between; some
    of the second column belong to the first.
    """
    rng = np.random.default_rng(lanes)
    dut = Accumulator(dot=DotShape(lanes=lanes, columns=columns, slots=slots,
                                   decoders=("minimums",) if minimums else ()))
    sides = 2 if lanes == 64 else 1
    assert dut.latency == 8 + sides + min(columns, 2)
    totals, inputs, expected = {}, [], {}
    for cycle in range(600):
        vectors = [{
            "sums": draw(rng, 37, columns), "mantissa": draw(rng, 11),
            "distances": rng.integers(0, 64, columns).tolist(),
            "minimum_sums": draw(rng, 28, columns) if minimums else [0] * columns,
            "minimum": draw(rng, 11) if minimums else 0,
            "minimum_distances": rng.integers(0, 64, columns).tolist()} for _ in range(sides)]
        valid, slot = int(rng.random() < 0.8), int(rng.integers(0, 2 * slots) * (rng.random() < 0.5))
        first = int(slot not in totals or rng.random() < 0.1)
        shared = int(columns > 1 and rng.random() < 0.3)
        inputs.append({"vectors": vectors, "valid": valid, "first": first, "slot": slot, "shared": shared})
        if valid:
            before = [0] * columns if first else totals[slot]
            totals[slot] = [total + sum(contribution(part, column) for part in vectors)
                            for column, total in enumerate(before)]
            if shared:
                totals[slot][0] += sum(contribution(part, 1) for part in vectors)
            expected[cycle] = [(total + (1 << 63)) % (1 << 64) - (1 << 63) for total in totals[slot]]
    got = run_cycles(dut, inputs, ["totals"], tail=dut.latency + 1)["totals"]
    for cycle, total in expected.items():
        assert got[cycle + dut.latency] == total, f"contribution of cycle {cycle}"
