"""The ECPIX-5 with an LFE5UM5G-85F."""

from amaranth_boards.ecpix5 import ECPIX585Platform

from boards.board import Board
from boards.card_slot import card_resource
from boards.ddr3_top import Ddr3Top
from boards.ecp5 import Ecp5
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from soc.dram.memory import Memory
from soc.dram.parts import PARTS

__all__ = ["BOARD", "Ecpix5", "Ecpix5Platform"]

MEMORY = Memory(name="ecpix5", part=PARTS["MT41K256M16"], phy="ECP5DDRPHY", clock_hz=100e6, phases=2)


class Ecpix5Platform(Ecp5, ECPIX585Platform):
    """The board's pins and the multiplier of its device."""

    # As public files of this board have it; which way the level shifter's pins count was not tried.
    resources = [*ECPIX585Platform.resources, card_resource(
        clk="P24", cmd="M24", dat="N26 N25 N23 N21", to_card=("M23", "N24", "P26"))]


class Ecpix5(Ddr3Top):
    """The whole of the FPGA of an ECPIX-5; see :class:`boards.ddr3_top.Ddr3Top` for its DRAM.

    Never tried on hardware.

    * **Clocks.** 100 MHz (K23) to a PLL: 200 MHz for the DRAM, half of that for everything else. A DDR3 with its DLL on
      wants 300 MHz at least; open designs for this board run it at 150 MHz, out of specification like this one.
    * **DRAM.** MT41K256M16, DDR3L: 512 MiB, 16 bits wide. It has neither chip select nor reset among its pins.
    * **Link.** The FTDI chip's lines R26 (to the FPGA) and R24 (from it), 3 Mbaud, without flow control.
    * **Lights.** Green of the four RGB lights: DRAM is up; a program runs; request in progress; request refused or byte
      lost.
    """

    INPUT = "clk100", 100e6
    slot = True

    def __init__(self, config, *, memory=MEMORY, bring_up=None, program=None):
        super().__init__(config, memory=memory, bring_up=bring_up, program=program)

    def lights(self, platform):
        return {name: platform.request("rgb_led", number, dir="-").g
                for number, name in enumerate(("ready", "busy", "active", "trouble"))}


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine
# waits for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="ecpix5",
    config=Config(name="ecpix5", dot=DotShape(columns=2, slots=2, x_elements=8192, scale_bytes=1024),
                  vector=VectorShape(scratchpad=32768),
                  memory=MemoryShape(bus_bits=128, prefetch_beats=1024, queue=64)),
    memory=MEMORY,
    studies=(MEMORY.study(75e6),),
    device="lfe5um5g-85f",
    speed=8,
    top=Ecpix5,
    platform=Ecpix5Platform,
)
