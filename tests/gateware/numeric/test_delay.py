# amaranth: UnusedElaboratable=no
"""Registers that keep a signal in step."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
import numpy as np
import pytest

from gateware.numeric.delay import delay


class _Delay(wiring.Component):
    def __init__(self, cycles):
        self.LATENCY = cycles
        super().__init__({"a": In(signed(9)), "o": Out(signed(9))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(delay(m, self.a, self.LATENCY, name="a"))
        return m


@pytest.mark.parametrize("cycles", [1, 2, 5])
def test_delay(run_pipeline, cycles):
    values = np.random.default_rng(cycles).integers(-256, 256, 50)
    assert np.array_equal(run_pipeline(_Delay(cycles), a=values), values)


def test_no_cycles():
    value = Signal(3)
    assert delay(Module(), value, 0, name="value") is value


def test_negative():
    with pytest.raises(ValueError, match=r"^Delay must be at least 0 cycles, not -1$"):
        delay(Module(), Signal(), -1, name="value")
