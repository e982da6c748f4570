"""What the tops of boards with DDR3 have in common."""

from amaranth.lib import io
from amaranth.lib.wiring import connect

from boards.board_top import BoardTop
from boards.ddr3_clocks import Ddr3Clocks
from soc.cpu.control_port import ControlPort
from soc.cpu.map import Region
from soc.dram.controller import DramController
from soc.dram.core import generate_controller

__all__ = ["Ddr3Top"]


class Ddr3Top(BoardTop):
    """:class:`boards.board_top.BoardTop` with LiteDRAM's controller and PHY of a DDR3.

    Clocks and buffers are those of an ECP5; a board with another device has its own `clocks` and `direct`.

    **Training.** The controller brings the DRAM up as far as its mode registers (`soc.dram.initialiser`). Where within
    a bit the data of a read are taken differs between boards and has to be searched for, by reading back what was
    written, through the registers of the controller (``core.registers``: ``dly_sel``, ``rdly_dq_*``, ``dfii_*``; of an
    ECP5 ``burstdet_*``). The processor does that, by `soc.cpu.control_port`; ``bring_up`` is something else that does.
    With neither the DRAM is used with the delays that the PHY begins with, which is good for counts, and for nothing on
    a real board.

    Parameters
    ----------
    config, memory, program
        See :class:`boards.board_top.BoardTop`; the memory has the PHY of the device.
    bring_up : wiring.Component
        With a member ``control``, Out(soc.dram.controller.ControlBus): the master of the controller's registers, in
        domain ``sync``. Default: none.
    """

    BRIDGE = False
    asynchronous = {("clocks.divided", "clk"): "a reset that ends in two registers"}
    """Those of `boards.ddr3_clocks.Ddr3Clocks`."""

    def __init__(self, config, *, memory, bring_up=None, program=None):
        super().__init__(config, memory=memory, program=program)
        self._bring_up = bring_up
        self._core = generate_controller(memory, end="pins")

    @property
    def trained(self):
        """Whether something trains the delays of the PHY."""
        return self._bring_up is not None or self._program is not None

    def peripherals(self):
        own = {}
        if self._bring_up is None and self._program is not None:
            own[Region.CONTROLLER] = ControlPort(address_bits=self._core.csr_address_bits)
        return super().peripherals() | own

    def clocks(self, clock_hz):
        """See `BoardTop.clocks`; with a method ``serve`` besides, which gives the controller's PHY its clocks."""
        return Ddr3Clocks(input_hz=self.INPUT[1], clock_hz=clock_hz, bridge=self.BRIDGE)

    def direct(self, ddr3):
        """Pins at which the PHY has buffers of its own, by the names of the controller's ports."""
        return {"pin_dq": ddr3.dq.io, "pin_dqs_p": ddr3.dqs.p}

    def dram(self, m, platform, clocks):
        core = self._core
        ddr3 = platform.request("ddr3", dir="-")
        m.submodules.controller = controller = DramController(
            core=core, bus_bits=self._config.memory.bus_bits, trained=self.trained, pins=self.direct(ddr3))
        clocks.serve(m, controller)
        if self._bring_up is not None:
            m.submodules.bring_up = self._bring_up
            connect(m, self._bring_up.control, controller.control)
        elif self._program is not None:
            connect(m, m.submodules.system.control, controller.control)
        # The other pins, which the FPGA drives alone. What is active when low is so in the core already.
        outputs = {"a": ddr3.a, "ba": ddr3.ba, "ras_n": ~ddr3.ras, "cas_n": ~ddr3.cas, "we_n": ~ddr3.we,
                   "cke": ddr3.clk_en, "odt": ddr3.odt, "dm": ddr3.dm,
                   "clk_p": ddr3.clk}
        # Where a board has them.
        outputs |= {f"{name}_n": ~getattr(ddr3, pin) for name, pin in (("cs", "cs"), ("reset", "rst"))
                    if hasattr(ddr3, pin)}
        for name in outputs:
            if f"pin_{name}" in controller.signature.members:
                m.submodules[f"pin_{name}"] = buffer = io.Buffer("o", outputs[name])
                # Address pins that the part does not use stay low.
                m.d.comb += buffer.o.eq(getattr(controller, f"pin_{name}"))
        return controller
