"""The clocks of an ECP5 with a DDR3 PHY."""

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In

from boards.pll import Pll

__all__ = ["Ddr3Clocks"]


class Ddr3Clocks(wiring.Component):
    """From the board's oscillator to the three clocks of LiteDRAM's ECP5DDRPHY, as clock domains of the design that
    `define` was given.

    ::

        clk_in --+--> PLL --[bridge]--> ECLKSYNCB --+--> sys2x: edge clock of the pins, that of the DRAM
                 |                       ^ stop     '--> CLKDIVF / 2 --> sync: everything else
                 '--> / 4 --> init                        ^ reset

    The PHY measures its delays with ``sys2x`` and so has to stop it, and the divider, for a moment when it has
    done so: a sequence that runs on ``init``, a clock that never stops. ``sync`` is in reset until the PLL has
    locked, and while ``reset`` is 1.

    Never tried on hardware.

    Parameters
    ----------
    input_hz, clock_hz : float
        Frequencies of ``clk_in`` and ``sync``; see :class:`boards.pll.Pll` for what can be made.
    bridge : bool
        Whether pins of the DRAM lie at both sides of the device: an edge clock reaches one side, a bridge
        (ECLKBRIDGECS) both.

    Members
    -------
    clk_in : In(1)
    stop, reset : In(1)
        ``phy_stop`` and ``phy_reset`` of the controller.

    Attributes
    ----------
    pll : Pll
    """

    clk_in: In(1)
    stop: In(1)
    reset: In(1)

    INIT_DIVIDER = 4

    def __init__(self, *, input_hz, clock_hz, bridge=False):
        self.pll = Pll(input_hz=input_hz, output_hz=2 * clock_hz)
        self._init_hz, self._bridge = input_hz / self.INIT_DIVIDER, bridge
        super().__init__()

    def define(self, m):
        """Define the domains in the module of the whole design: everything that uses them has to lie below."""
        m.domains.sync = sync = ClockDomain()
        # The name by which tops call this clock where they say which paths may take any time; see below.
        sync.clk.attrs["keep"] = 1
        m.domains.sys2x = ClockDomain()
        m.domains.init = ClockDomain()

    def serve(self, m, controller):
        """Give a controller's PHY its clocks, and do what it asks for.

        Parameters
        ----------
        m : Module
        controller : soc.dram.controller.DramController
        """
        m.d.comb += [self.stop.eq(controller.phy_stop), self.reset.eq(controller.phy_reset)]
        for name in ("sys2x", "init"):
            m.d.comb += [getattr(controller, f"{name}_clk").eq(ClockSignal(name)),
                         getattr(controller, f"{name}_rst").eq(ResetSignal(name))]

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = self.pll
        m.domains.board = board = ClockDomain(reset_less=True, local=True)
        m.d.comb += [pll.clk_in.eq(self.clk_in), board.clk.eq(self.clk_in)]

        edge = pll.clk
        if self._bridge:
            edge = Signal()
            # The other clock stays open: a constant would have to come by wires of clocks, and nextpnr finds none.
            m.submodules.bridge = Instance("ECLKBRIDGECS", i_CLK0=pll.clk, i_SEL=0, o_ECSOUT=edge)
        m.submodules.synchroniser = Instance(
            "ECLKSYNCB", i_ECLKI=edge, i_STOP=self.stop, o_ECLKO=ClockSignal("sys2x"))
        m.submodules.divider = Instance(
            "CLKDIVF", p_DIV="2.0", i_CLKI=ClockSignal("sys2x"), i_RST=self.reset, i_ALIGNWD=0,
            o_CDIVX=ClockSignal("sync"))

        count = Signal(range(self.INIT_DIVIDER))
        # Of a net's names yosys keeps one, but for this attribute; nextpnr ignores a constraint whose net it cannot
        # find.
        divided = Signal(attrs={"keep": 1})
        m.d.board += [count.eq(count + 1), divided.eq(count[-1])]
        m.d.comb += ClockSignal("init").eq(divided)
        if hasattr(platform, "add_clock_constraint"):
            platform.add_clock_constraint(divided, self._init_hz)

        m.submodules.reset_init = ResetSynchronizer(~pll.locked, domain="init")
        m.submodules.reset_sync = ResetSynchronizer(~pll.locked | self.reset)
        # Its registers are those at the pins; the PHY resets them with `sync`.
        m.d.comb += ResetSignal("sys2x").eq(ResetSignal("sync"))
        return m
