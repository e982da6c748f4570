"""A memory port that can be closed."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort

__all__ = ["MemoryGate"]


class MemoryGate(wiring.Component):
    """Lets requests pass while it is open, and knows when nothing is under way.

    Closing it withholds the requests that come; what is on offer at that time stays on offer until it is taken, and
    what was taken is completed as if nothing had happened, words and reports alike. Then ``idle`` rises, and stays
    until the gate is open again: only while it is set may something else use the memory, or the master be reset. A
    master that takes the words which it has asked for, and sends those which it has announced, lets ``idle`` rise for
    certain.

    Data of a write do not pass before their request has been taken. Combinational but for that, an AND for each
    handshake signal; the rest is counted in registers. Proved by tests/soc/test_memory_gate.py.

    Parameters
    ----------
    bus_bits : int
    max_burst : int
        Beats of the master's longest burst; none is empty.
    most : int
        Beats, and bursts to be written, that can be counted, at least twice ``max_burst`` (default: four times).
        Requests are withheld while two of the longest bursts more could be too much.

    Members
    -------
    open : In(1)
    idle : Out(1)
        Nothing is under way, and nothing passes; a register. The gate may be open already: requests pass from the next
        cycle on.
    master : In(MemoryPort)
    memory : Out(MemoryPort)
    """

    def __init__(self, *, bus_bits, max_burst=64, most=None):
        signature = MemoryPort(bus_bits)
        super().__init__({
            "open": In(1),
            "idle": Out(1),
            "master": In(signature),
            "memory": Out(signature),
        })
        # Members, so that a proof can state what they count. Words that were asked for and have not come; words to be
        # written that were announced and have not been taken; bursts to be written that have not been reported.
        self.most = 4 * max_burst if most is None else most
        self.unread, self.unsent, self.unwritten = (
            Signal(range(self.most + 1), name=name) for name in ("unread", "unsent", "unwritten"))
        # Some are unsent: known without a look at the count, which would be the begin of a long path to the memory.
        self.owed = Signal()
        self.reads_pass, self.writes_pass = Signal(), Signal()
        self._max_burst = max_burst

    def elaborate(self, platform):
        m = Module()
        master, memory = self.master, self.memory
        offered = []
        for name, passes in ("read_request", self.reads_pass), ("write_request", self.writes_pass):
            theirs, ours = getattr(master, name), getattr(memory, name)
            m.d.comb += [
                ours.valid.eq(theirs.valid & passes),
                ours.p.eq(theirs.p),
                theirs.ready.eq(ours.ready & passes),
            ]
            offered.append((ours.valid & ours.ready, ours.valid & ~ours.ready))
        (read, read_waits), (write, write_waits) = offered
        beat, word = Signal(), Signal()
        m.d.comb += [
            memory.write_data.valid.eq(master.write_data.valid & self.owed),
            memory.write_data.p.eq(master.write_data.p),
            master.write_data.ready.eq(memory.write_data.ready & self.owed),
            master.read_data.valid.eq(memory.read_data.valid),
            master.read_data.payload.eq(memory.read_data.payload),
            memory.read_data.ready.eq(master.read_data.ready),
            master.write_done.eq(memory.write_done),
            beat.eq(memory.write_data.valid & memory.write_data.ready),
            word.eq(memory.read_data.valid & memory.read_data.ready),
        ]
        room = self.most - 2 * self._max_burst
        m.d.sync += [
            self.unread.eq(self.unread + Mux(read, memory.read_request.p.length, 0) - word),
            self.unsent.eq(self.unsent + Mux(write, memory.write_request.p.length, 0) - beat),
            self.owed.eq(write | self.owed & ~(beat & (self.unsent == 1))),
            self.unwritten.eq(self.unwritten + write - memory.write_done),
            # With room in the counts of this cycle, in which a burst may be taken, there is room in the next for
            # another.
            self.reads_pass.eq(read_waits | self.open & (self.unread <= room)),
            self.writes_pass.eq(write_waits | self.open & (self.unsent <= room) & (self.unwritten <= room)),
            self.idle.eq(~self.open & ~self.reads_pass & ~self.writes_pass
                         & (self.unread == 0) & (self.unsent == 0) & (self.unwritten == 0)),
        ]
        return m
