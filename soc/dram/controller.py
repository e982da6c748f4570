"""A generated DRAM controller behind a memory port."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from gateware.memory_port import MemoryPort
from soc.dram.initialiser import Initialiser

__all__ = ["ControlBus", "DramController"]


def ControlBus(address_bits):
    """The bus of the controller's registers, as its master has it.

    ``address`` counts words (``ControllerCore.registers``). A write takes a cycle; what is read is there in the
    cycle after ``read``. ``trained`` says that the master has finished.
    """
    return wiring.Signature({
        "address": Out(address_bits),
        "write": Out(1),
        "read": Out(1),
        "write_data": Out(32),
        "read_data": In(32),
        "started": In(1),
        "trained": Out(1),
    })


class DramController(wiring.Component):
    """LiteDRAM's controller, what brings the DRAM up, and adapters to the memory port of the accelerator.

    ::

        memory --+--> NativeReader --+
                 '--> NativeWriter --+--> LiteDRAM --> DFI (simulation) or pins
                      Initialiser ---'

    Reads and writes have native ports of their own. The controller arbitrates between them: it goes on
    reading while it can, for at most 32 cycles while a write waits, and then executes all writes that wait.

    Parameters
    ----------
    core : soc.dram.core.ControllerCore
        Its Verilog has to be added to the design: ``platform.add_file``, if the platform has that.
    bus_bits : int
    pins : dict of str to IOValue
        Those of ``core.signals`` that have their buffers in the core, which are no members then; for a core with pins.
    trained : bool
        Whether somebody else has to train the PHY before the DRAM can be used, through ``control``: that of DDR3
        on real pins.

    Members
    -------
    memory : In(MemoryPort)
    ready : Out(1)
        The DRAM is up; requests are not accepted before.
    dfi_* : In, Out
        In simulation: the interface to the PHY, as ``core.signals`` lists it.
    control : In(ControlBus)
        With ``trained``. Its master has the bus from ``started`` on: the DRAM's mode registers are set, the controller
        refreshes it. ``ready`` waits for ``trained``.
    """

    def __init__(self, *, core, bus_bits, pins=None, trained=False):
        self._core, self._bus_bits, self._pins, self._trained = core, bus_bits, pins or {}, trained
        super().__init__({
            "memory": In(MemoryPort(bus_bits)),
            "ready": Out(1),
        } | {name: (In if is_input else Out)(width) for name, width, is_input in core.signals if name not in self._pins}
            | ({"control": In(ControlBus(core.csr_address_bits))} if trained else {}))

    def elaborate(self, platform):
        m = Module()
        core, memory = self._core, self.memory
        if hasattr(platform, "add_file"):
            platform.add_file(f"{core.name}.v", core.verilog)
        widths = dict(bus_bits=self._bus_bits, word_bits=core.word_bits, address_bits=core.address_bits)
        m.submodules.reader = reader = NativeReader(bank_shift=core.bank_shift, **widths)
        m.submodules.writer = writer = NativeWriter(**widths)
        m.submodules.initialiser = initialiser = Initialiser(
            writes=[(core.registers[name], value, wait) for name, value, wait in core.initialisation],
            address_bits=core.csr_address_bits)
        connect(m, reader.read_data, flipped(memory.read_data))
        connect(m, flipped(memory.write_data), writer.write_data)
        csr_address, csr_write, csr_data = initialiser.address, initialiser.write, initialiser.data
        csr_read, csr_read_data, ready = Const(0), Signal(32), initialiser.done
        if self._trained:
            control = self.control
            csr_address = Mux(initialiser.done, control.address, initialiser.address)
            csr_write = Mux(initialiser.done, control.write, initialiser.write)
            csr_data = Mux(initialiser.done, control.write_data, initialiser.data)
            csr_read, csr_read_data = control.read, control.read_data
            ready = Signal()
            m.d.comb += [control.started.eq(initialiser.done), ready.eq(initialiser.done & control.trained)]
        for ours, theirs in ((memory.read_request, reader.read_request), (memory.write_request, writer.write_request)):
            m.d.comb += [
                theirs.valid.eq(ours.valid & ready),
                theirs.p.eq(ours.p),
                ours.ready.eq(theirs.ready & ready),
            ]
        m.d.comb += [memory.write_done.eq(writer.write_done), self.ready.eq(ready)]

        m.submodules.core = Instance(
            core.name, i_clk=ClockSignal(), i_rst=ResetSignal(allow_reset_less=True),
            i_read0_valid=reader.command0.valid, o_read0_ready=reader.command0.ready,
            i_read0_address=reader.command0.payload, o_read0_data_valid=reader.word_valid0,
            i_read1_valid=reader.command1.valid, o_read1_ready=reader.command1.ready,
            i_read1_address=reader.command1.payload, o_read1_data_valid=reader.word_valid1,
            o_read_data=reader.word,
            i_write_valid=writer.command.valid, o_write_ready=writer.command.ready,
            i_write_address=writer.command.payload, o_write_data_ready=writer.word_ready,
            i_write_data=writer.word, i_write_mask=writer.mask,
            i_csr_address=csr_address, i_csr_write=csr_write, i_csr_read=csr_read,
            i_csr_write_data=csr_data, o_csr_read_data=csr_read_data,
            # Of pins with their buffers in the core, those that are inputs are outputs as well.
            **{f"{'io' if is_input else 'o'}_{name}": self._pins[name] for name, _, is_input in core.signals
               if name in self._pins},
            **{f"{'i' if is_input else 'o'}_{name}": getattr(self, name) for name, _, is_input in core.signals
               if name not in self._pins})
        return m
