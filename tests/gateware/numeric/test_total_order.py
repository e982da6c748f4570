"""Integer keys in the order of floats."""

from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
import numpy as np

from gateware.exact.fp32 import fp32_total_order_key
from gateware.numeric.total_order import total_order_key


class _Key(wiring.Component):
    """Key in a register, so that the pipelines' driver can drive it."""

    LATENCY = 1

    a: In(32)
    o: Out(signed(32))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(total_order_key(self.a))
        return m


def test_order(corners):
    numbers = np.unique(corners[corners == corners])
    keys = fp32_total_order_key(numbers)
    assert np.array_equal(np.argsort(keys, kind="stable"), np.arange(len(numbers)))
    assert len(np.unique(keys)) == len(numbers)


def test_zeros_and_nan():
    minus_zero, zero, tiny, infinity, nan = fp32_total_order_key(
        np.array([-0.0, 0.0, 2.0**-149, np.inf, np.nan], np.float32)).tolist()
    assert minus_zero < zero < tiny < infinity < nan


def test_hardware(corners, run_pipeline):
    assert np.array_equal(run_pipeline(_Key(), a=corners), fp32_total_order_key(corners))
