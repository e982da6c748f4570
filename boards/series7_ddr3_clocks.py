"""The clocks of a 7-series device with a DDR3 PHY."""

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In

from boards.series7_pll import Series7Pll

__all__ = ["Series7Ddr3Clocks"]


class Series7Ddr3Clocks(wiring.Component):
    """From the board's oscillator to the clocks of LiteDRAM's A7DDRPHY, as clock domains of the design that `define`
    was given.

    ::

        clk_in --> PLL --+--> sync: everything else
                         +--> sys4x: that of the DRAM, and of the serialisers at its pins
                         +--> sys4x_dqs: the same 90 degrees later, for the strobes of writes
                         '--> reference, 200 MHz --> IDELAYCTRL

    IDELAYCTRL keeps the taps of the pins' delays at their length. Its reset lasts `RESET_CYCLES` of its clock. ``sync``
    is in reset until the PLL has locked and IDELAYCTRL is ready.

    Never tried on hardware.

    Parameters
    ----------
    input_hz, clock_hz : float
        Frequencies of ``clk_in`` and ``sync``; see :class:`boards.series7_pll.Series7Pll` for what can be made.

    Members
    -------
    clk_in : In(1)

    Attributes
    ----------
    pll : Series7Pll
    """

    clk_in: In(1)

    RESET_CYCLES = 16
    """80 ns; DS181, "Input Delay Control", wants 59.28 at least."""
    REFERENCE_HZ = 200e6
    """What LiteDRAM's A7DDRPHY counts on: taps of 78 ps."""

    def __init__(self, *, input_hz, clock_hz):
        self.pll = Series7Pll(input_hz=input_hz, outputs={
            "sync": (clock_hz, 0), "sys4x": (4 * clock_hz, 0), "sys4x_dqs": (4 * clock_hz, 90),
            "reference": (self.REFERENCE_HZ, 0)})
        super().__init__()

    def define(self, m):
        """Define the domains in the module of the whole design: everything that uses them has to lie below."""
        m.domains.sync = ClockDomain()
        m.domains.sys4x = ClockDomain(reset_less=True)
        m.domains.sys4x_dqs = ClockDomain(reset_less=True)

    def serve(self, m, controller):
        """Give a controller's PHY its clocks.

        Parameters
        ----------
        m : Module
        controller : soc.dram.controller.DramController
        """
        for name in ("sys4x", "sys4x_dqs"):
            m.d.comb += getattr(controller, f"{name}_clk").eq(ClockSignal(name))

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = self.pll
        m.domains.reference = ClockDomain(local=True)
        m.d.comb += pll.clk_in.eq(self.clk_in)
        for name in ("sync", "sys4x", "sys4x_dqs", "reference"):
            m.d.comb += ClockSignal(name).eq(getattr(pll, f"clk_{name}"))

        left = Signal(range(self.RESET_CYCLES), init=self.RESET_CYCLES - 1)
        delays_reset, delays_ready = Signal(init=1), Signal()
        with m.If(left != 0):
            m.d.reference += left.eq(left - 1)
        with m.Else():
            m.d.reference += delays_reset.eq(0)
        m.submodules.delays = Instance(
            "IDELAYCTRL", i_REFCLK=ClockSignal("reference"), i_RST=delays_reset, o_RDY=delays_ready)

        m.submodules.reset_reference = ResetSynchronizer(~pll.locked, domain="reference")
        m.submodules.reset_sync = ResetSynchronizer(~pll.locked | ~delays_ready)
        return m
