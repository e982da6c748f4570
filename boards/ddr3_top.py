"""What the tops of boards with DDR3 have in common."""

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io
from amaranth.lib.wiring import connect

from boards.activity_light import ActivityLight
from boards.ddr3_clocks import Ddr3Clocks
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from soc.serial_system import SerialSystem

__all__ = ["Ddr3Top", "serial_divisor"]

BAUD = 3_000_000
_TOLERANCE = 0.015
"""Of a bit of the serial line; receivers bear three times that."""


class Ddr3Top(Elaboratable):
    """Accelerator, serial link, LiteDRAM's controller with its PHY, clocks: the whole of the FPGA.

    Clocks and buffers are those of an ECP5; a board with another device has its own `clocks` and `direct`.

    **The delays of the PHY are not trained yet.** The controller brings the DRAM up as far as its mode registers
    (`soc.dram.initialiser`). Where within a bit the data of a read are taken differs between boards and has to be
    searched for, by reading back what was written, through the registers of the controller
    (``core.registers``: ``dly_sel``, ``rdly_dq_*``, ``dfii_*``; of an ECP5 ``burstdet_*``). ``bring_up`` is the place
    for what does that; without it the DRAM is used with the delays that the PHY begins with, which is good for counts,
    and for nothing on a real board.

    Parameters
    ----------
    config : gateware.config.Config
    memory : soc.dram.memory.Memory
        With the PHY of the device; its clock is that of the design.
    bring_up : wiring.Component
        With a member ``control``, Out(soc.dram.controller.ControlBus): the master of the controller's registers, in
        domain ``sync``. Default: none.

    Raises
    ------
    ValueError
        If the clock cannot be made, or the link's baud rate cannot be made of it.
    """

    INPUT = None
    """Name of the oscillator's resource, and its Hz."""
    BRIDGE = False
    asynchronous = {("clocks.divided", "clk"): "a reset that ends in two registers"}
    """Clocks of an ECP5 between which paths may take any time, and why: those of `boards.ddr3_clocks.Ddr3Clocks`."""

    def __init__(self, config, *, memory, bring_up=None):
        self._config, self._memory, self._bring_up = config, memory, bring_up
        self._divisor = serial_divisor(memory.clock_hz)
        self._clocks = self.clocks(memory.clock_hz)

    @property
    def trained(self):
        """Whether something trains the delays of the PHY."""
        return self._bring_up is not None

    def clocks(self, clock_hz):
        """What makes the clocks of the oscillator's: a component with ``clk_in``, and methods ``define`` and
        ``serve``."""
        return Ddr3Clocks(input_hz=self.INPUT[1], clock_hz=clock_hz, bridge=self.BRIDGE)

    def direct(self, ddr3):
        """Pins at which the PHY has buffers of its own, by the names of the controller's ports."""
        return {"pin_dq": ddr3.dq.io, "pin_dqs_p": ddr3.dqs.p}

    def lights(self, platform):
        """Ports of the lights by what they show: ``ready``, ``busy``, ``active``, ``trouble``."""
        raise NotImplementedError

    def constants(self, platform):
        """Ports that are held at a level, with the level."""
        return []

    def elaborate(self, platform):
        m = Module()
        m.submodules.clocks = clocks = self._clocks
        clocks.define(m)
        m.submodules.clk_buffer = clock = io.Buffer("i", platform.request(self.INPUT[0], dir="-"))
        m.d.comb += clocks.clk_in.eq(clock.i)

        core = generate_controller(self._memory, simulation=False)
        ddr3 = platform.request("ddr3", dir="-")
        m.submodules.controller = controller = DramController(
            core=core, bus_bits=self._config.memory.bus_bits, trained=self.trained,
            pins=self.direct(ddr3))
        m.submodules.system = system = SerialSystem(
            self._config, memory_bytes=self._memory.bytes, divisor=self._divisor)
        connect(m, system.memory, controller.memory)
        clocks.serve(m, controller)
        if self._bring_up is not None:
            m.submodules.bring_up = self._bring_up
            connect(m, self._bring_up.control, controller.control)
        self._outputs(m, ddr3, controller)

        uart = platform.request("uart", dir="-")
        m.submodules.uart_rx = uart_rx = io.Buffer("i", uart.rx)
        m.submodules.uart_tx = uart_tx = io.Buffer("o", uart.tx)
        m.d.comb += [system.rx.eq(uart_rx.i), uart_tx.o.eq(system.tx)]
        events = {"ready": controller.ready, "busy": system.busy, "active": system.active,
                  "trouble": system.refused | system.dropped}
        for name, port in self.lights(platform).items():
            m.submodules[f"light_{name}"] = light = ActivityLight()
            m.submodules[f"light_{name}_pin"] = pin = io.Buffer("o", port)
            m.d.comb += [light.event.eq(events[name]), pin.o.eq(light.light)]
        for number, (port, level) in enumerate(self.constants(platform)):
            m.submodules[f"constant_{number}"] = pin = io.Buffer("o", port)
            m.d.comb += pin.o.eq(level)
        return m

    @staticmethod
    def _outputs(m, ddr3, controller):
        """Other pins that the FPGA drives alone. What is active when low is so in the core already."""
        outputs = {"a": ddr3.a, "ba": ddr3.ba, "ras_n": ~ddr3.ras, "cas_n": ~ddr3.cas, "we_n": ~ddr3.we,
                   "cke": ddr3.clk_en, "odt": ddr3.odt, "dm": ddr3.dm,
                   "clk_p": ddr3.clk}
        # Where a board has them.
        outputs |= {f"{name}_n": ~getattr(ddr3, pin) for name, pin in (("cs", "cs"), ("reset", "rst"))
                    if hasattr(ddr3, pin)}
        ours = [name for name in outputs if f"pin_{name}" in controller.signature.members]
        for name in ours:
            m.submodules[f"pin_{name}"] = buffer = io.Buffer("o", outputs[name])
            # Address pins that the part does not use stay low.
            m.d.comb += buffer.o.eq(getattr(controller, f"pin_{name}"))


def serial_divisor(clock_hz, baud=BAUD):
    """Cycles of a bit of the serial line.

    Parameters
    ----------
    clock_hz, baud : float

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no whole number is within 1.5 % of the rate.
    """
    divisor = round(clock_hz / baud)
    if not divisor or abs(clock_hz / divisor / baud - 1) > _TOLERANCE:
        raise ValueError(f"Clock must be a multiple of {baud / 1e6:g} MHz, within {_TOLERANCE:.1%}, "
                         f"not {clock_hz / 1e6:g} MHz")
    return divisor
