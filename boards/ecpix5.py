"""The ECPIX-5 with an LFE5UM5G-85F."""

from amaranth_boards.ecpix5 import ECPIX585Platform

from boards.ddr3_top import Ddr3Top
from boards.ecp5 import Ecp5
from soc.dram.memories import MEMORIES

__all__ = ["Ecpix5", "Ecpix5Platform"]


class Ecpix5Platform(Ecp5, ECPIX585Platform):
    """The board's pins and the multiplier of its device."""


class Ecpix5(Ddr3Top):
    """The whole of the FPGA of an ECPIX-5; see :class:`boards.ddr3_top.Ddr3Top` for what is still missing.

    Never tried on hardware.

    * **Clocks.** 100 MHz (K23) to a PLL: 150 MHz for the DRAM, half of that for everything else. A DDR3 with its DLL on
      wants 300 MHz at least; open designs for this board run it at 150 like this one, out of specification.
    * **DRAM.** MT41K256M16, DDR3L: 512 MiB, 16 bits wide. It has neither chip select nor reset among its pins.
    * **Link.** The FTDI chip's lines R26 (to the FPGA) and R24 (from it), 3 Mbaud, without flow control.
    * **Lights.** Green of the four RGB lights: DRAM is up; a program runs; request in progress; request refused or byte
      lost.
    """

    INPUT = "clk100", 100e6

    def __init__(self, config, *, memory=MEMORIES["ecpix5"], bring_up=None):
        super().__init__(config, memory=memory, bring_up=bring_up)

    def lights(self, platform):
        return {name: platform.request("rgb_led", number, dir="-").g
                for number, name in enumerate(("ready", "busy", "active", "trouble"))}
