"""Skid buffer: both handshake signals of a stream from registers."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SkidBuffer"]


class SkidBuffer(wiring.Component):
    """Two registers between two streams, so that no path leads through from one side to the other.

    ``i.ready``, ``o.valid`` and ``o.payload`` are registers. A chain of blocks whose ``ready`` is
    combinational ends here, and so does a payload path. Latency one cycle, throughput one payload per cycle.
    Nothing is lost, duplicated or reordered, and an offered payload does not change: proved by
    tests/gateware/stream/test_proofs.py.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.

    Members
    -------
    i : In(stream)
    o : Out(stream)
    """

    def __init__(self, *, shape):
        self._shape = shape
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
        })
        # Members, so that a proof can state what they hold.
        self.skid = Signal(shape, reset_less=True)
        self.ready = Signal(init=1)

    def elaborate(self, platform):
        m = Module()
        front = Signal(self._shape, reset_less=True)
        valid = Signal()
        m.d.comb += [
            self.i.ready.eq(self.ready),
            self.o.valid.eq(valid),
            self.o.payload.eq(front),
        ]
        with m.If(self.o.ready | ~valid):
            # The payload that arrived while the output was blocked goes first.
            with m.If(self.ready):
                m.d.sync += [front.eq(self.i.payload), valid.eq(self.i.valid)]
            with m.Else():
                m.d.sync += [front.eq(self.skid), self.ready.eq(1)]
        with m.Elif(self.i.valid & self.ready):
            m.d.sync += [self.skid.eq(self.i.payload), self.ready.eq(0)]
        return m
