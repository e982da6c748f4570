"""What the read bus does in each cycle, and why it idles."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.activity import BusState

__all__ = ["BusMonitor"]


class BusMonitor(wiring.Component):
    """Gives every cycle a :class:`BusState`, one cycle late.

    The latency of the first burst after a pause counts for what made the pause: with the next burst requested
    in time nobody would have seen it.

    Members
    -------
    busy : In(1)
        A token is under way.
    beat : In(1)
        A word passes.
    outstanding : In(1)
        Words have been requested and have not come.
    full : In(1)
        A burst of data waits, and not for the memory, for room in the FIFO; one cycle late itself.
    waiting : In(1)
        A stream waits for stores.
    blocked : In(1)
        An instruction waits for room in the work queue.
    fetched : In(1)
        The whole program has been read.
    state : Out(3)
        :class:`gateware.activity.BusState` of the cycle before; combinational from registers.
    """

    busy: In(1)
    beat: In(1)
    outstanding: In(1)
    full: In(1)
    waiting: In(1)
    blocked: In(1)
    fetched: In(1)
    state: Out(3)

    def elaborate(self, platform):
        m = Module()
        late = {name: Signal(name=f"late_{name}")
                for name in ("busy", "beat", "outstanding", "waiting", "blocked", "fetched")}
        for name, register in late.items():
            m.d.sync += register.eq(getattr(self, name))
        answering = Signal()  # a word has come since words were last requested on an idle bus
        cause = Signal(3)     # why the bus was last idle
        with m.If(~late["busy"]):
            m.d.comb += self.state.eq(BusState.IDLE)
        with m.Elif(late["beat"]):
            m.d.comb += self.state.eq(BusState.BUSY)
        with m.Elif(self.full):
            m.d.comb += self.state.eq(BusState.ENGINE)
        with m.Elif(late["outstanding"]):
            m.d.comb += self.state.eq(Mux(answering, BusState.DRAM, cause))
        with m.Elif(late["waiting"]):
            m.d.comb += self.state.eq(BusState.STORES)
        with m.Elif(late["blocked"]):
            m.d.comb += self.state.eq(BusState.QUEUE)
        with m.Elif(late["fetched"]):
            m.d.comb += self.state.eq(BusState.END)
        with m.Else():
            m.d.comb += self.state.eq(BusState.PROGRAM)
        with m.If(late["beat"]):
            m.d.sync += answering.eq(1)
        with m.Elif(~late["outstanding"]):
            m.d.sync += [answering.eq(0), cause.eq(self.state)]
        with m.If(~late["busy"]):
            m.d.sync += [answering.eq(0), cause.eq(BusState.PROGRAM)]
        return m
