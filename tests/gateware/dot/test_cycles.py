# amaranth: UnusedElaboratable=no
"""Blocks of the dot engine by themselves: what they compute, and after how many cycles."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot.code_table import CodeTable
from gateware.dot.digit_array import DigitArray
from gateware.dot.multiplier_array import MultiplierArray
from gateware.dot.row_sequencer import RowSequencer
from gateware.dot.small_multiplier import SmallMultiplier
from gateware.dot.split_multiplier import SplitMultiplier
from gateware.dot.trit_decoder import TritDecoder
from gateware.dot.x_buffer import XBuffer
from gateware.isa import Scale
from gateware.shapes.dot_shape import DotShape
from testing.cycles import run_cycles, transfer_cycles


def _factors(rng, width, signed, count=300):
    low = -1 << width >> 1 if signed else 0
    ends = [low, low + (1 << width) - 1]
    return np.concatenate([rng.integers(low, low + (1 << width), count), ends, ends[::-1]])


@pytest.mark.parametrize("a_width,b_width,signed", [(19, 4, False), (37, 6, True), (20, 1, False), (22, 5, True)])
def test_small_multiplier(a_width, b_width, signed):
    """The product after two cycles."""
    rng = np.random.default_rng(b_width)
    a, b = _factors(rng, a_width, True), np.roll(_factors(rng, b_width, signed), 1)
    inputs = [{"a": int(x), "b": int(y)} for x, y in zip(a, b)]
    got = run_cycles(SmallMultiplier(a_width=a_width, b_width=b_width, signed=signed), inputs, ["o"], tail=2)["o"]
    assert got[2:] == (a * b).tolist()


@pytest.mark.parametrize("a_width,b_width,signed", [(35, 8, True), (23, 6, False), (19, 12, True)])
def test_split_multiplier(a_width, b_width, signed):
    """Two parts of the product after three cycles."""
    rng = np.random.default_rng(a_width)
    a, b = _factors(rng, a_width, True), np.roll(_factors(rng, b_width, signed), 1)
    inputs = [{"a": int(x), "b": int(y)} for x, y in zip(a, b)]
    got = run_cycles(SplitMultiplier(a_width=a_width, b_width=b_width, signed=signed), inputs, ["low", "high"], tail=3)
    assert [low + (high << 17) for low, high in zip(got["low"][3:], got["high"][3:])] == (a * b).tolist()


def test_trits_of_every_byte():
    """Five digits of base 3, less one, a cycle later."""
    got = run_cycles(TritDecoder(1), [{"bytes": [byte]} for byte in range(243)], ["trits", "fifths"], tail=1)
    digits = [[byte // 3**place % 3 - 1 for place in range(5)] for byte in range(243)]
    assert [low + high for low, high in zip(got["trits"][1:], got["fifths"][1:])] == digits


def test_a_table_of_codes():
    """It is accepted in the 16th cycle and holds from the 18th on."""
    numbers = [(37 * n % 256) - 128 for n in range(16)]
    assert transfer_cycles(CodeTable(4), {"entries": [numbers]}, [], cycles=30)["entries"] == [15]
    start = [{"entries.valid": 1, "entries.payload": numbers}, *[{}] * 15, {"entries.valid": 0}]
    reads = [{"indices": [index] * 3 + [15 - index]} for index in range(15, -1, -1)]
    got = run_cycles(CodeTable(4), [*start, *reads], ["numbers"])["numbers"][17:]
    assert got == [[numbers[index]] * 3 + [numbers[15 - index]] for index in range(15, -1, -1)]


@pytest.mark.parametrize("lanes,columns,latency", [(32, 1, 7), (16, 2, 7), (8, 1, 6), (4, 3, 5)])
def test_multiplier_array(lanes, columns, latency):
    """A step per cycle; one of six expands a code."""
    rng, steps, expected = np.random.default_rng(lanes), [], []
    for step in range(120):
        codes = rng.integers(-1 << 15, 1 << 15, (columns, lanes))
        mantissas = rng.integers(1 - (1 << 17), 1 << 17, (columns, lanes))
        expand = step % 6 == 5
        if expand:
            codes[:, np.arange(lanes) != step % lanes] = 0
        steps.append({"codes": codes.tolist(), "mantissas": mantissas.tolist(), "expand": int(expand)})
        sums = (codes * mantissas).reshape(columns, -1, min(lanes, 16)).sum(axis=2)
        if expand:
            sums = (codes[:1] << 17).reshape(1, -1, min(lanes, 16)).sum(axis=2)
        expected.append(sums)
    got = run_cycles(MultiplierArray(lanes=lanes, columns=columns), steps, ["sums"], tail=latency)["sums"][latency:]
    for step, (sums, wanted) in enumerate(zip(got, expected, strict=True)):
        # When a code is expanded only column 0 counts.
        assert np.array(sums)[:len(wanted)].tolist() == wanted.tolist(), step


@pytest.mark.parametrize("lanes,latency", [(32, 7), (8, 6)])
def test_digit_array(lanes, latency):
    """The sums of products after the step of digit 7; mantissas come a cycle after their codes."""
    rng, inputs, expected = np.random.default_rng(lanes), [], {}
    late = {}
    for _ in range(20):
        digits = int(rng.integers(1, 9))
        codes = rng.integers(-1 << 2 * digits - 1, 1 << 2 * digits - 1, (2, lanes)) << 16 - 2 * digits
        mantissas = rng.integers(1 - (1 << 17), 1 << 17, (2, lanes))
        for digit in range(8 - digits, 8):
            inputs.append(late | {"codes": codes.tolist(), "digit": digit, "first_digit": int(digit == 8 - digits)})
            late = {"mantissas": mantissas.tolist()}
        expected[len(inputs) - 1 + latency] = (codes * mantissas).reshape(2, -1, min(lanes, 16)).sum(axis=2).tolist()
    got = run_cycles(DigitArray(lanes=lanes, columns=2), [*inputs, late], ["sums"], tail=latency)["sums"]
    assert {cycle: got[cycle] for cycle in expected} == expected


def test_a_stripe_of_the_x_buffer_can_be_read_two_cycles_later():
    """Mantissas with a step two cycles after the write, the exponent of its block with one three cycles after."""
    shape = DotShape(lanes=4, columns=1, slots=1, x_elements=256)
    stripe = {"column": 0, "index": 0, "exponent": -3, "mantissas": [1, 2, 3, 4]}
    write = {"stripes.valid": 1, "stripes.payload": stripe}
    read = {"stripes.valid": 0, "step.valid": 1, "step.payload": {"vector": 0, "position": 0}}
    got = run_cycles(XBuffer(dot=shape, vector_lanes=4), [write, {"stripes.valid": 0}, read], ["mantissas", "largest"],
                     tail=4)
    assert got["mantissas"][2 + 2] == [[1, 2, 3, 4]] and got["largest"][3] == [-3]


def test_a_command_follows_four_cycles_after_the_last_step():
    """Of rows of two beats of scales and codes: the last step of a row is said three cycles after its last chunk."""
    dut, passed = RowSequencer(dot=DotShape(lanes=32), bus_bits=128), {"command": [], "beats": [], "done": []}

    async def testbench(ctx):
        for port in dut.command, dut.beats:
            ctx.set(port.valid, 1)
        ctx.set(dut.chunks.ready, 1)
        ctx.set(dut.command.payload, {"vectors": 1, "rows": 1, "code_bits": 8, "scale": Scale.FP16})
        steps = []
        for cycle in range(60):
            ctx.set(dut.row_done, cycle in steps)
            *_, command, beat, chunk, completes = await ctx.tick().sample(
                dut.command.ready, dut.beats.ready, dut.chunks.valid, dut.chunks.p.completes)
            passed["command"] += [cycle] if command else []
            passed["beats"] += [cycle] if beat else []
            steps += [cycle + 3] if chunk and completes else []
        passed["done"] = steps

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    first_beats = passed["beats"][::3]
    assert len(first_beats) > 5
    assert all(first == done + 4 for first, done in zip(first_beats[1:], passed["done"]))
