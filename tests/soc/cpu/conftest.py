"""Parts of the processor's surroundings in Amaranth's own simulator."""

from amaranth.sim import Simulator
import pytest


@pytest.fixture
def simulate():
    """Function (design, testbench, ...) that runs them to the end."""
    def simulate(dut, *testbenches):
        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        for testbench in testbenches:
            simulator.add_testbench(testbench)
        simulator.run()
    return simulate
