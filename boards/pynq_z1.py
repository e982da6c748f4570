"""The PYNQ-Z1 with an XC7Z020."""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import connect
from amaranth_boards.resources import ButtonResources, LEDResources, SwitchResources

from boards.board import Board
from boards.activity_light import ActivityLight
from boards.ps7 import Ps7
from boards.series7_platform import Series7Platform
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from soc.axi_system import AxiSystem
from soc.dram.memory import Memory
from soc.dram.parts import PARTS

__all__ = ["BOARD", "PynqZ1", "PynqZ1Platform"]

# 525 MHz: the DDR3-1050 of the board's PS7 settings.
MEMORY = Memory(name="pynq_z1", part=PARTS["MT41K256M16"], phy="PS7", clock_hz=150e6, dram_clock_hz=525e6)

BASE = 0x0800_0000
_LEAST_BASE = 0x0010_0000
"""Below, what a master in the logic sees is not all DRAM: UG585, chapter "System Addresses"."""


class PynqZ1Platform(Series7Platform):
    """Device and pins of the logic's side.

    Digilent, "PYNQ-Z1 Reference Manual": device XC7Z020-1CLG400C, chapters "Clock Sources" and "Basic I/O". The serial
    port, USB and Ethernet are pins of the processors.
    """

    device = "xc7z020"
    package = "clg400"
    speed = "1"
    resources = [
        Resource("clk125", 0, Pins("H16", dir="i"), Clock(125e6), Attrs(IOSTANDARD="LVCMOS33")),
        *LEDResources(pins="R14 P14 N16 M14", attrs=Attrs(IOSTANDARD="LVCMOS33")),
        *ButtonResources(pins="D19 D20 L20 L19", attrs=Attrs(IOSTANDARD="LVCMOS33")),
        *SwitchResources(pins="M20 M19", attrs=Attrs(IOSTANDARD="LVCMOS33")),
    ]
    connectors = []


class PynqZ1(Elaboratable):
    """Accelerator, link and memory ports beside the processors: the whole of the logic.

    Never tried on hardware, and neither Vivado nor nextpnr-xilinx has been run with it.

    * **Clock.** FCLK_CLK0, to be set to 150 MHz: a seventh of the 1050 MHz of the DDR PLL.
    * **DRAM.** MT41K256M16 behind the processors' controller: 512 MiB, of which the accelerator has what lies above
      ``base``, through S_AXI_HP0 (reads and writes) and S_AXI_HP1 (reads). Linux has to be kept out of it (boot
      argument ``mem=128M``). The ports do not look into the processors' caches, so a program there has to map the
      memory uncached, or leave it to the link.
    * **Link.** The bytes of the link as registers at 0x4000_0000 (:class:`soc.link.axi_port.AxiLinkPort`), for a host
      on the processors (:mod:`host.transport.register_transport`): the board's serial port is theirs.
    * **Lights.** LD0..LD3: a program runs; request in progress; request accepted; request refused, byte lost or memory
      error.

    Parameters
    ----------
    config : gateware.config.Config
    memory : soc.dram.memory.Memory
        For its size and its clock.
    base : int
        Where the accelerator's part of the DRAM begins, a multiple of 4096.

    Raises
    ------
    ValueError
        If the base is none, or not in the DRAM.
    """

    trained = True
    """The processors' software trains the DRAM."""

    def __init__(self, config, *, memory=MEMORY, base=BASE):
        if base % 4096 or base not in range(_LEAST_BASE, memory.bytes):
            raise ValueError(f"Base address must be a multiple of 4096 of {_LEAST_BASE:#x}..{memory.bytes - 4096:#x}, "
                             f"not {base:#x}")
        self._ps7 = Ps7(clock_hz=memory.clock_hz)
        self._system = AxiSystem(config, memory_bytes=memory.bytes - base, base=base, id_bits=Ps7.BUS_ID_BITS)

    def elaborate(self, platform):
        m = Module()
        m.submodules.ps7, m.submodules.system = ps7, system = self._ps7, self._system
        m.domains.sync = ClockDomain()
        m.d.comb += ClockSignal().eq(ps7.clk)
        m.submodules.reset = ResetSynchronizer(ps7.reset)
        connect(m, ps7.bus, system.bus)
        for name in ("axi_read0", "axi_read1", "axi_write"):
            connect(m, getattr(system, name), getattr(ps7, name))
        events = system.busy, system.active, system.accepted, system.refused | system.dropped | system.error
        for number, event in enumerate(events):
            m.submodules[f"light_{number}"] = light = ActivityLight()
            m.submodules[f"light_{number}_pin"] = pin = io.Buffer("o", platform.request("led", number, dir="-"))
            m.d.comb += [light.event.eq(event), pin.o.eq(light.light)]
        return m


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine
# waits for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="pynq_z1",
    config=Config(name="pynq_z1", dot=DotShape(lanes=64, columns=2, slots=2, x_elements=8192, scale_bytes=1024),
                  vector=VectorShape(lanes=8, scratchpad=65536),
                  memory=MemoryShape(bus_bits=128, prefetch_beats=1024, queue=64)),
    memory=MEMORY,
    device="xc7z020",
    top=PynqZ1,
    platform=PynqZ1Platform,
)
