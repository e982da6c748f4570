"""Time, as registers of the processor."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from soc.cpu.bus import ProcessorBus
from soc.cpu.map import TimerRegister

__all__ = ["Timer"]


class Timer(wiring.Component):
    """Cycles since the reset, 64 bits, behind :class:`soc.cpu.map.TimerRegister`. Every access takes one cycle.

    Parameters
    ----------
    init : int
        Where it begins, for tests.

    Members
    -------
    bus : In(ProcessorBus)
    """

    bus: In(ProcessorBus)

    def __init__(self, *, init=0):
        self._init = init
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        cycles, high = Signal(64, init=self._init), Signal(32, reset_less=True)
        reads_low = (bus.address[2:3] << 2) == TimerRegister.LOW
        m.d.sync += cycles.eq(cycles + 1)
        with m.If(bus.valid & reads_low):
            m.d.sync += high.eq(cycles[32:])
        m.d.comb += [bus.ready.eq(1), bus.read_data.eq(Mux(reads_low, cycles[:32], high))]
        return m
