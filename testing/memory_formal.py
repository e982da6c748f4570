"""Masters and memories for proofs about what lies between them: they may do anything that the port allows."""

from types import SimpleNamespace

from amaranth.hdl import Assume, Const, Mux, Signal, Value

__all__ = ["AnyMaster", "AnyMemory"]

_COUNT_BITS = 6


class AnyMaster:
    """Bursts of any address and length, words of any value, at any time; what it offers stays until it is taken.

    Parameters
    ----------
    longest : int
        Beats of a burst, at most.
    empty : bool
        Whether it may also ask for none, which the port does not allow.

    Attributes
    ----------
    inputs : list of Signal
        What a proof may set to any value.
    """

    def __init__(self, *, longest, empty=False, name="master"):
        self._longest, self._least = longest, 0 if empty else 1
        self.reads, self.writes, self.sends, self.takes = (
            Signal(name=f"{name}_{what}") for what in ("reads", "writes", "sends", "takes"))
        self.read, self.write = Signal(48, name=f"{name}_read"), Signal(48, name=f"{name}_write")
        self.beat = Signal(9, name=f"{name}_beat")
        self.inputs = [self.reads, self.writes, self.sends, self.takes, self.read, self.write, self.beat]

    def drive(self, m, port, *, reset=Const(0)):
        """Connect it to a memory port of 8 bits, as its master, who forgets what it has offered at a ``reset``."""
        for stream, valid, payload in ((port.read_request, self.reads, self.read),
                                       (port.write_request, self.writes, self.write),
                                       (port.write_data, self.sends, self.beat)):
            m.d.comb += [stream.valid.eq(valid), Value.cast(stream.payload).eq(payload)]
            waiting, offered = Signal(), Signal(len(payload))
            m.d.sync += [waiting.eq(valid & ~stream.ready & ~reset), offered.eq(payload)]
            m.d.comb += Assume(~waiting | valid & (payload == offered))
        for stream in port.read_request, port.write_request:
            m.d.comb += Assume((stream.p.length >= self._least) & (stream.p.length <= self._longest))
        m.d.comb += port.read_data.ready.eq(self.takes)


class AnyMemory:
    """Answers what it was asked for, at any time, and nothing else.

    Attributes
    ----------
    inputs : list of Signal
        What a proof may set to any value.
    """

    def __init__(self, name="memory"):
        self.takes_read, self.takes_write, self.takes_beat, self.answers, self.reports = (
            Signal(name=f"{name}_{what}") for what in ("takes_read", "takes_write", "takes_beat", "answers", "reports"))
        self.word = Signal(8, name=f"{name}_word")
        self.inputs = [self.takes_read, self.takes_write, self.takes_beat, self.answers, self.reports, self.word]

    def drive(self, m, port):
        """Connect it to a memory port of 8 bits, as its memory.

        Returns
        -------
        SimpleNamespace
            Signals: ``unread`` words that were asked for and have not come, ``unsent`` words to be written that were
            announced and have not been taken, ``unwritten`` bursts that have not been reported, and whether there are
            ``none`` of them.
        """
        counts = SimpleNamespace(**{name: Signal(_COUNT_BITS, name=f"count_{name}") for name in (
            "unread", "unsent", "unwritten")}, none=Signal(name="count_none"))
        read, write, beat, word = ((stream.valid & stream.ready) for stream in (
            port.read_request, port.write_request, port.write_data, port.read_data))
        m.d.comb += [
            port.read_request.ready.eq(self.takes_read),
            port.write_request.ready.eq(self.takes_write),
            port.write_data.ready.eq(self.takes_beat),
            port.read_data.valid.eq(self.answers & (counts.unread != 0)),
            port.read_data.payload.eq(self.word),
            port.write_done.eq(self.reports & (counts.unwritten != 0)),
            # A burst is reported when its words have been taken.
            Assume(~port.write_done | (counts.unwritten > 1) | (counts.unsent == 0)),
            counts.none.eq((counts.unread == 0) & (counts.unsent == 0) & (counts.unwritten == 0)),
        ]
        m.d.sync += [
            counts.unread.eq(counts.unread + Mux(read, port.read_request.p.length, 0) - word),
            counts.unsent.eq(counts.unsent + Mux(write, port.write_request.p.length, 0) - beat),
            counts.unwritten.eq(counts.unwritten + write - port.write_done),
        ]
        return counts
