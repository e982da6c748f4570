"""The ULX3S with an LFE5U-85F."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from boards.board import Board
from boards.card_slot import card_resource
from boards.ecp5 import Ecp5
from boards.sdr_top import SdrTop
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from soc.dram.memory import Memory
from soc.dram.parts import PARTS

__all__ = ["BOARD", "Ulx3s", "Ulx3sPlatform"]

MEMORY = Memory(name="ulx3s", part=PARTS["MT48LC16M16A2"], phy="GENSDRPHY", clock_hz=75e6)


class Ulx3sPlatform(Ecp5, ULX3S_85F_Platform):
    """The board's pins and the multiplier of its device."""

    resources = [*ULX3S_85F_Platform.resources, card_resource(clk="J1", cmd="J3", dat="K2 K1 H2 H1")]


class Ulx3s(SdrTop):
    """The whole of the FPGA of an ULX3S.

    Never tried on hardware.

    * **Clocks.** 25 MHz (G2) to a PLL: 75 MHz for everything, which is 25 times the 3 Mbaud of the link, and the same
      67.5 degrees (2.5 ns) later for the SDRAM. The reset ends, in step with the clock, when the PLL has locked.
    * **DRAM.** MT48LC16M16A2: 32 MiB, 16 bits wide, CAS latency 2, up to 150 MB/s. The phase is an estimate, like all
      that concerns the pins' delays: nextpnr does not check them. Commands reach the pins with the clock's edge and
      the SDRAM wants them 1.5 ns before its own, so 1.0 ns is left. Of the 13.3 ns until data are taken, 2.5 ns
      are the phase and 6.0 ns the SDRAM's access time, so 4.8 ns are left for an output, an input and the wires.
    * **Link.** The FTDI chip's lines M1 (to the FPGA) and L4 (from it), without flow control.
    * **Lights.** D0: SDRAM is up; D1: a program runs; D2: request in progress; D3: request accepted; D4: request
      refused; D5: byte lost; D6: off; D7: PLL locked. Pulses are made long enough to be seen.
    """

    INPUT = "clk25", 25e6
    slot = True
    PHASE = 67.5

    def __init__(self, config, *, memory=MEMORY, program=None):
        super().__init__(config, memory=memory, program=program)

    def lights(self, platform):
        numbers = {"ready": 0, "busy": 1, "active": 2, "accepted": 3, "refused": 4, "dropped": 5, "locked": 7}
        return {name: platform.request("led", number, dir="-") for name, number in numbers.items()}

    def constants(self, platform):
        return [(platform.request("led", 6, dir="-"), 0)]


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine
# waits for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="ulx3s",
    config=Config(name="ulx3s", dot=DotShape(lanes=16, columns=2, slots=4), vector=VectorShape(scratchpad=16384),
                  memory=MemoryShape(bus_bits=32, prefetch_beats=2048, queue=64)),
    memory=MEMORY,
    studies=(MEMORY.study(100e6),),
    device="lfe5u-85f",
    speed=6,
    # The other one was stopped after 51,000 steps, with as many wires to go as after 19,000.
    router="router2",
    top=Ulx3s,
    platform=Ulx3sPlatform,
)
