"""The OrangeCrab r0.2 with an LFE5U-85F."""

from amaranth.build import Attrs, DiffPairs, Pins, PinsN, Resource, Subsignal
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import UARTResource

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

__all__ = ["BOARD", "OrangeCrab", "OrangeCrabPlatform"]

# 72 MHz: what the PLL makes exactly of the board's 48 MHz, and a multiple of 3 Mbaud.
MEMORY = Memory(name="orangecrab", part=PARTS["MT41K64M16"], phy="ECP5DDRPHY", clock_hz=72e6, phases=2,
                mask_lanes=(1, 0))

# Of amaranth-boards' own, BA0 and BA2 are pins of the header and the green light, and the pairs of the strobes are
# crossed; they also lack the order that the PHY needs: strobe and mask of a byte in the group of its data pins.
_DDR3 = Resource(
    "ddr3", 0,
    Subsignal("rst", PinsN("L18", dir="o")),
    Subsignal("clk", DiffPairs("J18", "K18", dir="o"), Attrs(IO_TYPE="SSTL135D_I")),
    Subsignal("clk_en", Pins("D18", dir="o")),
    Subsignal("cs", PinsN("A12", dir="o")),
    Subsignal("we", PinsN("B12", dir="o")),
    Subsignal("ras", PinsN("C12", dir="o")),
    Subsignal("cas", PinsN("D13", dir="o")),
    Subsignal("a", Pins("C4 D2 D3 A3 A4 D4 C3 B2 B1 D1 A7 C2 B6 C1 A2 C7", dir="o")),
    Subsignal("ba", Pins("D6 B7 A6", dir="o")),
    Subsignal("dqs", DiffPairs("B15 G18", "A16 H17", dir="io"),
              Attrs(IO_TYPE="SSTL135D_I", TERMINATION="OFF", DIFFRESISTOR="100")),
    Subsignal("dq", Pins("C17 D15 B17 C16 A15 B13 A17 A13 F17 F16 G15 F15 J16 C18 H16 F18", dir="io"),
              Attrs(TERMINATION="OFF")),
    Subsignal("dm", Pins("D16 G16", dir="o")),
    Subsignal("odt", Pins("C13", dir="o")),
    Attrs(IO_TYPE="SSTL135_I", SLEWRATE="FAST"))


class OrangeCrabPlatform(Ecp5, OrangeCrabR0_2_85FPlatform):
    """The board's pins and the multiplier of its device."""

    resources = [
        *(resource for resource in OrangeCrabR0_2_85FPlatform.resources if resource.name != "ddr3"),
        _DDR3,
        card_resource(clk="K1", cmd="K2", dat="J1 K3 L3 M1"),
        UARTResource(0, rx="N17", tx="M18", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
    ]


class OrangeCrab(Ddr3Top):
    """The whole of the FPGA of an OrangeCrab; see :class:`boards.ddr3_top.Ddr3Top` for its DRAM.

    Never tried on hardware.

    * **Clocks.** 48 MHz (A9) to a PLL: 144 MHz for the DRAM, half of that for everything else. A DDR3 with its DLL on
      wants 300 MHz at least; open designs for this board run it as slowly, out of specification.
    * **DRAM.** MT41K64M16, DDR3L: 128 MiB, 16 bits wide, at pins of two sides of the device. The lines of the two write
      masks are crossed on the board. Pins that stand in for power are driven high and low.
    * **Link.** Pins 0 (to the FPGA) and 1 (from it) of the header, 3 Mbaud, 3.3 V: the board has no serial chip, and
      its USB is not used yet.
    * **Lights.** Red: request refused or byte lost; green: DRAM is up; blue: a program runs.
    """

    INPUT = "clk", 48e6
    slot = True
    BRIDGE = True

    def __init__(self, config, *, memory=MEMORY, bring_up=None, program=None):
        super().__init__(config, memory=memory, bring_up=bring_up, program=program)

    def lights(self, platform):
        rgb = platform.request("rgb_led", 0, dir="-")
        return {"ready": rgb.g, "busy": rgb.b, "trouble": rgb.r}

    def constants(self, platform):
        power = platform.request("ddr3_pseudo_power", dir="-")
        return [(power.vcc_virtual, 0b111111), (power.gnd_virtual, 0)]


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine
# waits for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="orangecrab",
    config=Config(name="orangecrab", dot=DotShape(columns=2, slots=2, scale_bytes=1024),
                  vector=VectorShape(scratchpad=32768),
                  memory=MemoryShape(bus_bits=128, prefetch_beats=1024, queue=64)),
    memory=MEMORY,
    studies=(MEMORY.study(48e6),),
    device="lfe5u-85f",
    speed=8,
    top=OrangeCrab,
    platform=OrangeCrabPlatform,
)
