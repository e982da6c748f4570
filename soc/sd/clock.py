"""The clock of an SD card."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.sd.pins import PIN_LATENCY

__all__ = ["SdClock"]


class SdClock(wiring.Component):
    """Divides the clock, and says when a line may change and when it is looked at.

    A period has ``period`` cycles, the lower half first, which is the longer one of an odd number. Lines change with
    the falling edge, in both directions. They are looked at in the middle of the upper half; with three cycles at its
    beginning, two thirds of a period after the card began to change them: at 75 MHz 26.7 ns, where a card of default
    speed takes at most 14 (SD Physical Layer Specification, output delay in data transfer mode).

    Members
    -------
    period : In(10)
        Cycles, 3 or more.
    stop : In(1)
        No rising edge while this is 1.
    clk : Out(1)
        A register.
    drive : Out(1)
        The clock falls after this cycle: so does what a line sends, from a register that is loaded now.
    sample : Out(1)
        What came in is a bit: that which was on the line ``PIN_LATENCY`` cycles ago.
    """

    period: In(10)
    stop: In(1)
    clk: Out(1)
    drive: Out(1)
    sample: Out(1)

    def elaborate(self, platform):
        m = Module()
        # Sums of the period, which changes twice in the life of a card.
        last, rise, look = (Signal(10, name=name) for name in ("last", "rise", "look"))
        high = self.period >> 1
        m.d.sync += [
            last.eq(self.period - 1),
            rise.eq(self.period - high - 1),
            look.eq(self.period - high + (high >> 1) - 1),
        ]
        phase = Signal(10)
        rises, falls = phase == rise, phase >= last
        looked = Signal(PIN_LATENCY)
        m.d.comb += [self.drive.eq(falls), self.sample.eq(looked[-1])]
        # While the clock stands still nothing is looked at twice.
        moves = Signal()
        m.d.comb += moves.eq(~(rises & self.stop))
        m.d.sync += looked.eq((looked << 1) | ((phase == look) & moves))
        with m.If(falls):
            m.d.sync += [phase.eq(0), self.clk.eq(0)]
        with m.Elif(moves):
            m.d.sync += phase.eq(phase + 1)
            with m.If(rises):
                m.d.sync += self.clk.eq(1)
        return m
