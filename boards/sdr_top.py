"""The top of a board with an SDR SDRAM at an ECP5."""

from amaranth.lib import io

from boards.board_top import BoardTop
from boards.sdr_clocks import SdrClocks
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.dram.sdr_phy import SdrPhy

__all__ = ["SdrTop"]


class SdrTop(BoardTop):
    """:class:`boards.board_top.BoardTop` with LiteDRAM's controller and a register at every pin of an SDR SDRAM.

    An SDRAM needs no training, and every path keeps to the clocks.
    """

    PHASE = None
    """Degrees by which the SDRAM's clock is later."""

    def clocks(self, clock_hz):
        return SdrClocks(input_hz=self.INPUT[1], clock_hz=clock_hz, phase=self.PHASE)

    def dram(self, m, platform, clocks):
        core = generate_controller(self._memory, end="dfi")
        m.submodules.controller = controller = DramController(core=core, bus_bits=self._config.memory.bus_bits)
        sdram = platform.request("sdram", dir="-")
        # The platform inverts what is active when low; the DFI has it inverted already.
        m.submodules.phy = phy = SdrPhy(core=core, pins={
            "a": sdram.a, "ba": sdram.ba, "dq": sdram.dq, "dm": sdram.dqm, "cke": sdram.clk_en, "cs_n": ~sdram.cs,
            "ras_n": ~sdram.ras, "cas_n": ~sdram.cas, "we_n": ~sdram.we})
        for name, _, is_input in core.signals:
            source, sink = (phy, controller) if is_input else (controller, phy)
            m.d.comb += getattr(sink, name).eq(getattr(source, name))
        # Through a register of the pin, so that its delay is that of the commands.
        m.submodules.sdram_clk = sdram_clk = io.DDRBuffer("o", sdram.clk, o_domain="sdram")
        m.d.comb += [sdram_clk.o[0].eq(1), sdram_clk.o[1].eq(0)]
        return controller
