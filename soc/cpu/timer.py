"""Time, as registers of the processor."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from soc.cpu.bus import ProcessorBus
from soc.cpu.map import TimerRegister

__all__ = ["Timer"]


class Timer(wiring.Component):
    """Cycles since the reset, 64 bits, behind :class:`soc.cpu.map.TimerRegister`. Every access takes one cycle.

    Parameters
    ----------
    clock_hz : float
        Cycles per second.
    init : int
        Where it begins, for tests.

    Members
    -------
    bus : In(ProcessorBus)
    """

    bus: In(ProcessorBus)

    def __init__(self, *, clock_hz, init=0):
        self._rate, self._init = round(clock_hz), init
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        cycles, high = Signal(64, init=self._init), Signal(32, reset_less=True)
        m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += bus.ready.eq(1)
        with m.Switch(bus.address[2:4] << 2):
            with m.Case(TimerRegister.LOW):
                m.d.comb += bus.read_data.eq(cycles[:32])
                with m.If(bus.valid):
                    m.d.sync += high.eq(cycles[32:])
            with m.Case(TimerRegister.HIGH):
                m.d.comb += bus.read_data.eq(high)
            with m.Case(TimerRegister.RATE):
                m.d.comb += bus.read_data.eq(self._rate)
        return m
