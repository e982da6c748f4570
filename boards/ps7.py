"""The processors of a Zynq-7000, as far as the logic uses them."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.dma.axi import AxiReadSignature, AxiWriteSignature
from soc.link.axi_port import AxiRegisterSignature

__all__ = ["Ps7"]

_SOURCE_CLOCK = 0
"""Which of the four clocks and resets for the logic is used: FCLK_CLK0."""
_SLAVES = 2
# Of every burst to memory: increments, 8 bytes a beat, normal memory that may be buffered and modified.
_BURST = {"BURST": Const(1, 2), "SIZE": Const(3, 2), "CACHE": Const(3, 4), "PROT": Const(0, 3), "QOS": Const(0, 4),
          "LOCK": Const(0, 2), "ID": Const(0, 6)}


class Ps7(wiring.Component):
    """A PS7 with one clock for the logic, S_AXI_HP0 and S_AXI_HP1, and M_AXI_GP0; everything else is left open.

    The ports are those of Xilinx UG585 "Zynq-7000 SoC Technical Reference Manual", chapters "AXI Interfaces" and
    "Clocks": AXI3, HP of 64 bits, which is what they are after a reset, GP of 32. All run with ``clk``. The pins of the
    processors and of their DRAM have fixed places and are no ports of a design.

    What programs the DRAM controller, the frequency of the clock, and the level shifters is software on the processors:
    a boot loader, or Linux.

    Parameters
    ----------
    clock_hz : float
        What that software makes of FCLK_CLK0: a constraint.

    Members
    -------
    clk, reset : Out(1)
        FCLK_CLK0 behind a BUFG, and FCLK_RESET0 (active high, asynchronous).
    axi_read0, axi_read1 : In(AxiReadSignature)
        Of S_AXI_HP0 and S_AXI_HP1.
    axi_write : In(AxiWriteSignature)
        Of S_AXI_HP0.
    bus : Out(AxiRegisterSignature)
        M_AXI_GP0: addresses 0x4000_0000..0x7fff_ffff of the processors.
    """

    BUS_ID_BITS = 12
    PORT_BITS = 64

    clk: Out(1)
    reset: Out(1)
    axi_read0: In(AxiReadSignature(PORT_BITS))
    axi_read1: In(AxiReadSignature(PORT_BITS))
    axi_write: In(AxiWriteSignature(PORT_BITS))
    bus: Out(AxiRegisterSignature(BUS_ID_BITS))

    def __init__(self, *, clock_hz):
        self._clock_hz = clock_hz
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        clocks, resets = Signal(4), Signal(4)
        m.submodules.buffer = Instance("BUFG", i_I=clocks[_SOURCE_CLOCK], o_O=self.clk)
        m.d.comb += self.reset.eq(~resets[_SOURCE_CLOCK])
        if hasattr(platform, "add_clock_constraint"):
            platform.add_clock_constraint(self.clk, self._clock_hz)
        ports = {"o_FCLKCLK": clocks, "o_FCLKRESETN": resets} | self._bus_ports()
        for number in range(_SLAVES):
            ports |= self._memory_ports(number)
        m.submodules.block = Instance("PS7", **ports)
        return m

    def _bus_ports(self):
        bus, ports = self.bus, {"i_MAXIGP0ACLK": ClockSignal()}
        for name in ("AW", "AR"):
            channel = getattr(bus, name.lower())
            ports |= {f"o_MAXIGP0{name}{field}": value for field, value in (
                ("VALID", channel.valid), ("ADDR", channel.p.address), ("LEN", channel.p.more),
                ("BURST", channel.p.burst), ("ID", channel.p.id))} | {f"i_MAXIGP0{name}READY": channel.ready}
        return ports | {
            "o_MAXIGP0WVALID": bus.w.valid, "o_MAXIGP0WDATA": bus.w.p.data, "o_MAXIGP0WSTRB": bus.w.p.strobe,
            "o_MAXIGP0WLAST": bus.w.p.last, "i_MAXIGP0WREADY": bus.w.ready,
            "i_MAXIGP0BVALID": bus.b.valid, "i_MAXIGP0BRESP": bus.b.p.response, "i_MAXIGP0BID": bus.b.p.id,
            "o_MAXIGP0BREADY": bus.b.ready,
            "i_MAXIGP0RVALID": bus.r.valid, "i_MAXIGP0RDATA": bus.r.p.data, "i_MAXIGP0RRESP": bus.r.p.response,
            "i_MAXIGP0RLAST": bus.r.p.last, "i_MAXIGP0RID": bus.r.p.id, "o_MAXIGP0RREADY": bus.r.ready,
        }

    def _memory_ports(self, number):
        stem, read = f"SAXIHP{number}", getattr(self, f"axi_read{number}")
        ports = {
            f"i_{stem}ACLK": ClockSignal(), f"i_{stem}RDISSUECAP1EN": 0, f"i_{stem}WRISSUECAP1EN": 0,
            f"i_{stem}ARVALID": read.ar.valid, f"o_{stem}ARREADY": read.ar.ready,
            f"i_{stem}ARADDR": read.ar.p.address, f"i_{stem}ARLEN": read.ar.p.more,
            f"o_{stem}RVALID": read.r.valid, f"i_{stem}RREADY": read.r.ready, f"o_{stem}RDATA": read.r.p.data,
            f"o_{stem}RRESP": read.r.p.response, f"o_{stem}RLAST": read.r.p.last,
        } | {f"i_{stem}AR{name}": value for name, value in _BURST.items()}
        if number:
            return ports | {f"i_{stem}AWVALID": 0, f"i_{stem}WVALID": 0, f"i_{stem}BREADY": 0}
        aw, w, b = self.axi_write.aw, self.axi_write.w, self.axi_write.b
        return ports | {
            f"i_{stem}AWVALID": aw.valid, f"o_{stem}AWREADY": aw.ready, f"i_{stem}AWADDR": aw.p.address,
            f"i_{stem}AWLEN": aw.p.more,
            f"i_{stem}WVALID": w.valid, f"o_{stem}WREADY": w.ready, f"i_{stem}WDATA": w.p.data,
            f"i_{stem}WSTRB": w.p.strobe, f"i_{stem}WLAST": w.p.last, f"i_{stem}WID": Const(0, 6),
            f"o_{stem}BVALID": b.valid, f"i_{stem}BREADY": b.ready, f"o_{stem}BRESP": b.p.response,
        } | {f"i_{stem}AW{name}": value for name, value in _BURST.items()}
