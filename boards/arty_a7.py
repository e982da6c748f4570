"""The Arty A7-100T with an XC7A100T."""

from amaranth_boards.arty_a7 import ArtyA7_100Platform

from boards.board import Board
from boards.card_slot import PMOD_PINS, card_resource
from boards.ddr3_top import Ddr3Top
from boards.series7_ddr3_clocks import Series7Ddr3Clocks
from boards.series7_platform import Series7Platform
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from soc.dram.memory import Memory
from soc.dram.parts import PARTS

__all__ = ["BOARD", "ArtyA7", "ArtyA7Platform"]

MEMORY = Memory(name="arty_a7", part=PARTS["MT41K128M16"], phy="A7DDRPHY", clock_hz=100e6, phases=4)


class ArtyA7Platform(Series7Platform, ArtyA7_100Platform):
    """The board's pins and the multiplier of its device.

    The device is an XC7A100TCSG324-1 (Digilent, "Arty A7 Reference Manual", chapter "Overview"); amaranth-boards has
    that of the smaller board, an industrial one of low power.
    """

    device = "xc7a100t"
    speed = "1"
    resources = [*ArtyA7_100Platform.resources, card_resource(**PMOD_PINS, family="xc7", conn=("pmod", 3))]


class ArtyA7(Ddr3Top):
    """The whole of the FPGA of an Arty A7-100T; see :class:`boards.ddr3_top.Ddr3Top` for its DRAM.

    Never tried on hardware, and neither Vivado nor nextpnr-xilinx has been run with it.

    * **Clocks.** 100 MHz (E3) to a PLL: 400 MHz for the DRAM, the same 90 degrees later for its strobes, 100 MHz for
      everything else, 200 MHz for the reference of the pins' delays.
    * **DRAM.** MT41K128M16, DDR3L: 256 MiB, 16 bits wide, at 800 Mbit/s per pin.
    * **Link.** The FTDI chip's lines A9 (to the FPGA) and D10 (from it), 3 Mbaud, without flow control: 33 cycles per
      bit, 1 % faster than that.
    * **Slot for cards.** The board has none; a Digilent Pmod MicroSD in JD is one, with four data lines.
    * **Lights.** LD4..LD7: DRAM is up; a program runs; request in progress; request refused or byte lost.
    """

    INPUT = "clk100", 100e6
    slot = True

    def __init__(self, config, *, memory=MEMORY, bring_up=None, program=None):
        super().__init__(config, memory=memory, bring_up=bring_up, program=program)

    def clocks(self, clock_hz):
        return Series7Ddr3Clocks(input_hz=self.INPUT[1], clock_hz=clock_hz)

    def direct(self, ddr3):
        # The PHY has differential buffers of its own.
        return super().direct(ddr3) | {"pin_dqs_n": ddr3.dqs.n, "pin_clk_p": ddr3.clk.p, "pin_clk_n": ddr3.clk.n}

    def lights(self, platform):
        return {name: platform.request("led", number, dir="-")
                for number, name in enumerate(("ready", "busy", "active", "trouble"))}


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine
# waits for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="arty_a7",
    config=Config(name="arty_a7", dot=DotShape(lanes=64, columns=2, slots=2, x_elements=8192, scale_bytes=1024),
                  vector=VectorShape(lanes=8, scratchpad=32768),
                  memory=MemoryShape(bus_bits=256, prefetch_beats=1024, queue=64)),
    memory=MEMORY,
    device="xc7a100t",
    top=ArtyA7,
    platform=ArtyA7Platform,
)
