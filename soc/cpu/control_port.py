"""The registers of the DRAM's controller, on the bus of the processor."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.cpu.bus import ProcessorBus
from soc.cpu.map import ControllerRegister, ControllerStateBit
from soc.dram.controller import ControlBus

__all__ = ["ControlPort"]

_STATE_BIT = ControllerRegister.STATE.bit_length() - 1


class ControlPort(wiring.Component):
    """From accesses to those of a control bus, and :class:`soc.cpu.map.ControllerRegister`.

    A write takes two cycles, a read four: registers stand before and behind the control bus, whose decoder is wide.
    Words are written whole, whatever the strobes. While the controller is not ``started`` writes to its registers are
    lost, and what is read of them means nothing; STATE can be read at any time.

    Parameters
    ----------
    address_bits : int
        Of the control bus: ``ControllerCore.csr_address_bits``, at most 14.

    Members
    -------
    bus : In(ProcessorBus)
    control : Out(soc.dram.controller.ControlBus)

    Raises
    ------
    ValueError
        If the control bus has more address bits than lie below STATE.
    """

    def __init__(self, *, address_bits):
        if address_bits not in range(1, _STATE_BIT - 1):
            raise ValueError(f"Address bits of the control bus must be 1..{_STATE_BIT - 2}, not {address_bits!r}")
        super().__init__({"bus": In(ProcessorBus), "control": Out(ControlBus(address_bits))})

    def elaborate(self, platform):
        m = Module()
        bus, control = self.bus, self.control
        trained, is_state, writes = Signal(), Signal(), Signal()
        m.d.comb += [control.trained.eq(trained), is_state.eq(bus.address[_STATE_BIT]), writes.eq(bus.strobes.any())]
        step = Signal(3)  # cycles of the access that have passed, in ones
        m.d.sync += [
            step.eq(Cat(bus.valid, step[:-1] & bus.valid.replicate(2)) & ~bus.ready.replicate(3)),
            control.address.eq(bus.address[2:]),
            control.write_data.eq(bus.write_data),
            control.write.eq(bus.valid & ~step[0] & writes & ~is_state),
            control.read.eq(bus.valid & ~step[0] & ~writes & ~is_state),
        ]
        with m.If(bus.valid & ~step[0] & writes & is_state):
            m.d.sync += trained.eq(bus.write_data[0])
        # The control bus has its answer in the cycle after `read`.
        with m.If(is_state):
            m.d.sync += [
                bus.read_data.eq(0),
                bus.read_data[ControllerStateBit.STARTED].eq(control.started),
                bus.read_data[ControllerStateBit.TRAINED].eq(trained),
            ]
        with m.Else():
            m.d.sync += bus.read_data.eq(control.read_data)
        with m.If(writes):
            m.d.comb += bus.ready.eq(step[0])
        with m.Else():
            m.d.comb += bus.ready.eq(step[2])
        return m
