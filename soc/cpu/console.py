"""The terminal, as registers of the processor."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.stream.fifo import StreamFifo
from soc.cpu.bus import ProcessorBus
from soc.cpu.map import ConsoleDataBit, ConsoleRegister, ConsoleStatusBit

__all__ = ["Console"]


class Console(wiring.Component):
    """A FIFO each way behind :class:`soc.cpu.map.ConsoleRegister`. Every access takes one cycle.

    The processor is never stopped: a byte that is written where there is no room is lost, and so it has to look at
    STATUS before.

    Parameters
    ----------
    depth : int
        Bytes that each FIFO holds at least, 2 or more.

    Members
    -------
    bus : In(ProcessorBus)
    typed : In(stream of 8)
        From the terminal.
    shown : Out(stream of 8)
        To the terminal.
    """

    bus: In(ProcessorBus)
    typed: In(stream.Signature(8))
    shown: Out(stream.Signature(8))

    def __init__(self, *, depth=32):
        self._depth = depth
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.typed = typed = StreamFifo(shape=8, depth=self._depth)
        m.submodules.shown = shown = StreamFifo(shape=8, depth=self._depth)
        connect(m, flipped(self.typed), typed.i)
        connect(m, shown.o, flipped(self.shown))
        bus = self.bus
        m.d.comb += [bus.ready.eq(1), shown.i.payload.eq(bus.write_data)]
        with m.Switch(bus.address[2:3] << 2):
            with m.Case(ConsoleRegister.DATA):
                m.d.comb += [
                    bus.read_data[:8].eq(typed.o.payload),
                    bus.read_data[ConsoleDataBit.TYPED].eq(typed.o.valid),
                    typed.o.ready.eq(bus.valid & ~bus.strobes.any()),
                    shown.i.valid.eq(bus.valid & bus.strobes[0]),
                ]
            with m.Case(ConsoleRegister.STATUS):
                m.d.comb += bus.read_data[ConsoleStatusBit.ROOM].eq(shown.i.ready)
        return m
