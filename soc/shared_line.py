"""The link and a terminal on one stream of bytes."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.stream.fifo import StreamFifo
from gateware.stream.skid_buffer import SkidBuffer
from soc.line_merger import LineMerger
from soc.line_splitter import LineSplitter

__all__ = ["SharedLine"]


class SharedLine(wiring.Component):
    """Lets the link's bridge and a terminal talk over one line, each as if it were alone.

    ::

        rx --> LineSplitter --+--> SkidBuffer --> to_bridge
                              '--> FIFO --> typed
        tx <-- LineMerger <---+--- from_bridge
                              '--- shown

    A byte of a frame takes a cycle more than the splitter itself needs; one passes in a cycle.

    A terminal that does not read never stops the link: what is typed beyond the FIFO's room is lost (``dropped``).

    Parameters
    ----------
    timeout : int
        See :class:`LineSplitter`.
    depth : int
        Bytes of the FIFO.

    Members
    -------
    rx, tx : In, Out(stream of 8)
        The line.
    to_bridge, from_bridge : Out, In(stream of 8)
        Frames.
    typed, shown : Out, In(stream of 8)
        Text.
    waiting : Out(1)
        See :class:`LineSplitter`.
    dropped : Out(1)
        Pulse: a byte that was typed was lost.
    """

    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))
    to_bridge: Out(stream.Signature(8))
    from_bridge: In(stream.Signature(8))
    typed: Out(stream.Signature(8))
    shown: In(stream.Signature(8))
    waiting: Out(1)
    dropped: Out(1)

    def __init__(self, *, timeout, depth=1024):
        self._splitter = LineSplitter(timeout=timeout)
        self._typed = StreamFifo(shape=8, depth=depth)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.splitter, m.submodules.typed = splitter, typed = self._splitter, self._typed
        m.submodules.merger = merger = LineMerger()
        connect(m, flipped(self.rx), splitter.bytes)
        # Splitter and bridge each look at a byte for half a cycle.
        m.submodules.frames = frames = SkidBuffer(shape=8)
        connect(m, splitter.frames, frames.i)
        connect(m, frames.o, flipped(self.to_bridge))
        connect(m, typed.o, flipped(self.typed))
        connect(m, flipped(self.from_bridge), merger.frames)
        connect(m, flipped(self.shown), merger.text)
        connect(m, merger.bytes, flipped(self.tx))
        m.d.comb += [
            typed.i.valid.eq(splitter.text.valid),
            typed.i.payload.eq(splitter.text.payload),
            splitter.text.ready.eq(1),
            self.waiting.eq(splitter.waiting),
            self.dropped.eq(splitter.text.valid & ~typed.i.ready),
        ]
        return m
