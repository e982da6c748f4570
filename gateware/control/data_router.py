"""Gives the beats of a stream to the unit that executes its instruction."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dma.layouts import DataBeat

__all__ = ["DataRouter"]


class DataRouter(wiring.Component):
    """Passes the beats of one instruction to one unit, and not a beat more.

    So a unit may have a queue at its input without ever getting what belongs to the next instruction.

    Parameters
    ----------
    bus_bits : int
        Width of a beat.

    Members
    -------
    open : In(1)
        An instruction with a stream begins. Only while ``closed``.
    vector : In(1)
        With ``open``: it is one of the vector unit, not of the dot engine.
    closed : Out(1)
        The last beat of the latest such instruction has passed. A register, low from the cycle after
        ``open``.
    data : In(stream of DataBeat)
    beats : Out(stream of bus_bits)
        To the dot engine.
    operand : Out(stream of bus_bits)
        To the vector unit.
    starved : Out(1)
        An instruction's stream is not at its end, and there is no beat.
    """

    def __init__(self, *, bus_bits):
        super().__init__({
            "open": In(1),
            "vector": In(1),
            "closed": Out(1, init=1),
            "data": In(stream.Signature(DataBeat(bus_bits))),
            "beats": Out(stream.Signature(bus_bits)),
            "operand": Out(stream.Signature(bus_bits)),
            "starved": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        to_dot, to_vector = Signal(), Signal()
        m.d.comb += [
            self.beats.valid.eq(self.data.valid & to_dot),
            self.beats.payload.eq(self.data.p.data),
            self.operand.valid.eq(self.data.valid & to_vector),
            self.operand.payload.eq(self.data.p.data),
            self.data.ready.eq(to_dot & self.beats.ready | to_vector & self.operand.ready),
            self.starved.eq(~self.closed & ~self.data.valid),
        ]
        with m.If(self.open):
            m.d.sync += [to_dot.eq(~self.vector), to_vector.eq(self.vector), self.closed.eq(0)]
        with m.Elif(self.data.valid & self.data.ready & self.data.p.last):
            m.d.sync += [to_dot.eq(0), to_vector.eq(0), self.closed.eq(1)]
        return m
