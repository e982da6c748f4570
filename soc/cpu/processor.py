"""PicoRV32, a RISC-V processor in Verilog."""

from pathlib import Path

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
import pythondata_cpu_picorv32

from soc.cpu.bus import ProcessorBus

__all__ = ["Processor"]

SOURCE = Path(pythondata_cpu_picorv32.data_location, "picorv32.v")
"""The Verilog, of Claire Xenia Wolf's PicoRV32 (ISC licence)."""

_RESET_CYCLES = 16
_PARAMETERS = {
    # What shortens its paths: a cycle more for comparisons and sums. Products and quotients a bit per cycle.
    "TWO_CYCLE_COMPARE": 1, "TWO_CYCLE_ALU": 1, "ENABLE_MUL": 1, "ENABLE_DIV": 1,
    # Time comes from `soc.cpu.timer`.
    "ENABLE_COUNTERS": 0, "ENABLE_COUNTERS64": 0,
    # The compiler makes no such instructions.
    "CATCH_MISALIGN": 0, "CATCH_ILLINSN": 0,
}


class Processor(wiring.Component):
    """An RV32IM processor that begins at address 0. No interrupts: firmware looks at registers.

    Four to six cycles for most instructions, some 40 for products and quotients, and those of the memory. It is held in
    reset for the first 16 cycles after that of its clock domain, also in a simulation, where nobody else drives one:
    its Verilog has no initial state.

    Members
    -------
    bus : Out(ProcessorBus)
    stopped : Out(1)
        It has come upon ``ebreak`` or ``ecall``, and does nothing any more.
    """

    bus: Out(ProcessorBus)
    stopped: Out(1)

    def elaborate(self, platform):
        m = Module()
        if hasattr(platform, "add_file"):
            platform.add_file("picorv32.v", SOURCE.read_text())
        held = Signal(range(_RESET_CYCLES), init=_RESET_CYCLES - 1)
        runs = Signal()
        m.d.sync += runs.eq(held == 0)
        with m.If(held != 0):
            m.d.sync += held.eq(held - 1)
        address = Signal(32)
        m.d.comb += self.bus.address.eq(address & ~3)
        m.submodules.core = Instance(
            "picorv32", **{f"p_{name}": value for name, value in _PARAMETERS.items()},
            i_clk=ClockSignal(), i_resetn=runs, o_trap=self.stopped,
            o_mem_valid=self.bus.valid, i_mem_ready=self.bus.ready, o_mem_addr=address,
            o_mem_wdata=self.bus.write_data, o_mem_wstrb=self.bus.strobes, i_mem_rdata=self.bus.read_data,
            i_pcpi_wr=Const(0), i_pcpi_rd=Const(0, 32), i_pcpi_wait=Const(0), i_pcpi_ready=Const(0),
            i_irq=Const(0, 32))
        return m
