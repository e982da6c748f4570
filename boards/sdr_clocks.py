"""The clocks of an ECP5 with an SDR SDRAM."""

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In

from boards.pll import Pll

__all__ = ["SdrClocks"]


class SdrClocks(wiring.Component):
    """From the board's oscillator to two clocks, as clock domains of the design that `define` was given.

    ::

        clk_in --> PLL --+--> sync: everything
                         '--> sdram: the same clock later, for the SDRAM

    ``sync`` is in reset until the PLL has locked, and the reset ends in step with the clock.

    Never tried on hardware.

    Parameters
    ----------
    input_hz, clock_hz : float
        Frequencies of ``clk_in`` and ``sync``; see :class:`boards.pll.Pll` for what can be made.
    phase : float
        Degrees by which ``sdram`` is later.

    Members
    -------
    clk_in : In(1)

    Attributes
    ----------
    pll : Pll
    """

    clk_in: In(1)

    def __init__(self, *, input_hz, clock_hz, phase):
        self.pll = Pll(input_hz=input_hz, output_hz=clock_hz, phase=phase)
        super().__init__()

    def define(self, m):
        """Define the domains in the module of the whole design: everything that uses them has to lie below."""
        m.domains.sync = ClockDomain()
        m.domains.sdram = ClockDomain(reset_less=True)

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = self.pll
        m.submodules.reset = ResetSynchronizer(~pll.locked)
        m.d.comb += [
            pll.clk_in.eq(self.clk_in),
            ClockSignal("sync").eq(pll.clk),
            ClockSignal("sdram").eq(pll.clk_shifted),
        ]
        return m
