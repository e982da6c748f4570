"""Values and a driver that the tests of arithmetic share."""

from fractions import Fraction

from amaranth.hdl import Value
from amaranth.sim import Simulator
import numpy as np
import pytest


_CORNERS = np.array([
    0x00000000, 0x00000001, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x0c000000,
    0x1f800000, 0x1fffffff, 0x1f7fffff, 0x20000000, 0x207fffff, 0x33800000, 0x33ffffff, 0x34000000,
    0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fffffff, 0x40000000, 0x40400000, 0x4b7fffff, 0x4b800000,
    0x4b800001, 0x5f3504f3, 0x7e800000, 0x7f000000, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7fc12345,
], np.uint32)
"""Zeros, subnormals, the ends of the normal range, ones, ties, infinities and NaN, of both signs."""


@pytest.fixture(scope="session")
def corners():
    """Corner values: float32, shape (64,)."""
    return np.concatenate([_CORNERS, _CORNERS | np.uint32(1 << 31)]).view(np.float32)


@pytest.fixture(scope="session")
def corner_pairs(corners):
    """Every corner value with every corner value: two float32 arrays of shape (4096,)."""
    a, b = np.meshgrid(corners, corners)
    return a.ravel(), b.ravel()


@pytest.fixture(scope="session")
def fp32_round_exact():
    """Function that rounds a `Fraction` to fp32 by the rules of the units (zero has a positive sign)."""
    def round_exact(value):
        if value == 0:
            return np.float32(0)
        magnitude = abs(value)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        if Fraction(2)**exponent > magnitude:
            exponent -= 1
        significand = round(magnitude / Fraction(2)**(exponent - 23))
        if significand == 1 << 24:
            significand, exponent = 1 << 23, exponent + 1
        if exponent > 127:
            result = np.inf
        elif exponent < -126:
            result = 0.0
        else:
            result = significand * 2.0**(exponent - 23)
        return np.copysign(np.float32(result), np.float32(-1 if value < 0 else 1))
    return round_exact


@pytest.fixture(scope="session")
def run_pipeline():
    """Function that sends one set of inputs per cycle and returns what comes ``LATENCY`` cycles later."""
    def run(dut, **inputs):
        """
        Parameters
        ----------
        dut : wiring.Component
            Has `LATENCY` and an output `o`.
        inputs : int arrays of one shape (n,)
            By the names of the inputs; float32 arrays are sent as their bits.

        Returns
        -------
        int64, shape (n,)
            Outputs.
        """
        ports = [(Value.cast(getattr(dut, name)),
                  (values.view(np.uint32) if values.dtype == np.float32 else values).tolist())
                 for name, values in inputs.items()]
        count = len(ports[0][1])
        outputs = []

        async def drive(ctx):
            for cycle in range(count + dut.LATENCY):
                if cycle < count:
                    for port, values in ports:
                        ctx.set(port, values[cycle])
                await ctx.tick()
                outputs.append(ctx.get(dut.o))

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(drive)
        simulator.run()
        return np.array(outputs[dut.LATENCY - 1:][:count], np.int64)
    return run


@pytest.fixture(scope="session")
def assert_same_bits():
    """Function that compares fp32 bits and names the operands of the first difference."""
    def same_bits(got, want, **operands):
        got, want = (np.asarray(x).view(np.uint32) if np.asarray(x).dtype == np.float32
                     else np.asarray(x).astype(np.uint32) for x in (got, want))
        assert got.shape == want.shape
        different = np.flatnonzero(got != want)
        if len(different):
            at = different[0]
            where = ", ".join(f"{name} = {operand[at]!r}" for name, operand in operands.items())
            pytest.fail(f"{len(different)} of {len(got)} differ, first at {at}: "
                        f"{got[at]:#010x}, not {want[at]:#010x}, for {where}")
    return same_bits
