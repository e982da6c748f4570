"""The ULX3S with an LFE5U-85F."""

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import connect
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from boards.board import Board
from boards.ecp5 import Ecp5
from boards.pll import Pll
from gateware.config import Config
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.dram.memory import Memory
from soc.dram.parts import PARTS
from soc.dram.sdr_phy import SdrPhy
from soc.serial_system import SerialSystem

__all__ = ["BOARD", "Ulx3s", "Ulx3sPlatform"]

MEMORY = Memory(name="ulx3s", part=PARTS["MT48LC16M16A2"], phy="GENSDRPHY", clock_hz=75e6)

BAUD = 3_000_000
INPUT_HZ = 25e6
PHASE = 67.5
_LIGHT_BITS = 22  # A pulse is a light for 56 ms.


class Ulx3sPlatform(Ecp5, ULX3S_85F_Platform):
    """The board's pins and the multiplier of its device."""


class Ulx3s(Elaboratable):
    """Accelerator, serial link, controller and PHY of the SDRAM, clocks: the whole of the FPGA.

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

    Parameters
    ----------
    config : gateware.config.Config
    memory : soc.dram.memory.Memory
        For its clock, a multiple of 3 MHz that the PLL makes.

    Raises
    ------
    ValueError
        If a bit of the link is no whole number of cycles, or the PLL cannot make the clock.
    """

    trained = True
    """An SDRAM needs no training."""
    asynchronous = {}
    """Every path has to keep to the clocks."""

    def __init__(self, config, *, memory=MEMORY):
        divisor, rest = divmod(memory.clock_hz, BAUD)
        if rest:
            raise ValueError(f"Clock must be a multiple of {BAUD / 1e6:g} MHz, not {memory.clock_hz / 1e6:g} MHz")
        self._config, self._memory, self._divisor = config, memory, int(divisor)
        self._pll = Pll(input_hz=INPUT_HZ, output_hz=memory.clock_hz, phase=PHASE)

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = self._pll
        m.submodules.clk_buffer = clock = io.Buffer("i", platform.request("clk25", dir="-"))
        m.domains.sync = ClockDomain()
        m.domains.sdram = ClockDomain(reset_less=True)
        m.submodules.reset = ResetSynchronizer(~pll.locked)
        m.d.comb += [
            pll.clk_in.eq(clock.i),
            ClockSignal("sync").eq(pll.clk),
            ClockSignal("sdram").eq(pll.clk_shifted),
        ]

        core = generate_controller(self._memory, simulation=True)
        m.submodules.controller = controller = DramController(core=core, bus_bits=self._config.memory.bus_bits)
        m.submodules.system = system = SerialSystem(
            self._config, memory_bytes=self._memory.bytes, divisor=self._divisor)
        connect(m, system.memory, controller.memory)

        sdram = platform.request("sdram", dir=dict.fromkeys(
            ("clk", "clk_en", "cs", "we", "ras", "cas", "ba", "a", "dq", "dqm"), "-"))
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

        uart = platform.request("uart", dir={"rx": "-", "tx": "-", "rts": "-", "dtr": "-"})
        m.submodules.uart_rx = uart_rx = io.Buffer("i", uart.rx)
        m.submodules.uart_tx = uart_tx = io.Buffer("o", uart.tx)
        m.d.comb += [system.rx.eq(uart_rx.i), uart_tx.o.eq(system.tx)]
        self._lights(m, platform, (
            controller.ready, system.busy, system.active, system.accepted, system.refused, system.dropped, 0,
            pll.locked))
        return m

    @staticmethod
    def _lights(m, platform, events):
        timer = Signal(_LIGHT_BITS)
        m.d.sync += timer.eq(timer + 1)
        for number, event in enumerate(events):
            light, seen = Signal(name=f"light_{number}"), Signal(name=f"seen_{number}")
            with m.If(timer == 0):
                m.d.sync += [light.eq(seen | event), seen.eq(event)]
            with m.Elif(event):
                m.d.sync += seen.eq(1)
            m.submodules[f"led_{number}"] = led = io.Buffer("o", platform.request("led", number, dir="-"))
            m.d.comb += led.o.eq(light)


# The bus is twice as wide as what the DRAM delivers in a cycle, so that the read FIFO, which fills while the engine waits
# for a pass of the vector unit, is emptied again.
BOARD = Board(
    name="ulx3s",
    config=Config(name="ulx3s", dot=DotShape(lanes=16, columns=2, slots=4), vector=VectorShape(scratchpad=16384),
                  memory=MemoryShape(bus_bits=32, prefetch_beats=2048, queue=64)),
    memory=MEMORY,
    studies=(MEMORY.study(100e6),),
    device="lfe5u-85f",
    speed=6,
    top=Ulx3s,
    platform=Ulx3sPlatform,
)
