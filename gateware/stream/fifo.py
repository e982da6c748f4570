"""A FIFO of any depth."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.stream.block_fifo import BlockFifo
from gateware.stream.lut_fifo import LutFifo

__all__ = ["StreamFifo"]


class StreamFifo(wiring.Component):
    """First in, first out: up to ``LUT_DEPTH`` payloads a :class:`LutFifo`, beyond that a :class:`BlockFifo`.

    Throughput one payload per cycle, latency one and four cycles. Handshake outputs and ``level`` depend on
    registers only.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        Payloads that it holds at least, 2 or more.

    Members
    -------
    i : In(stream)
    o : Out(stream)
    level : Out
        Payloads inside.

    Raises
    ------
    ValueError
        If the depth is below 2.
    """

    LUT_DEPTH = 32

    def __init__(self, *, shape, depth):
        if depth < 2:
            raise ValueError(f"FIFO depth must be at least 2, not {depth!r}")
        self._fifo = (LutFifo if depth <= self.LUT_DEPTH else BlockFifo)(shape=shape, depth=depth)
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(self._fifo.level.shape()),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = self._fifo
        connect(m, flipped(self.i), fifo.i)
        connect(m, fifo.o, flipped(self.o))
        m.d.comb += self.level.eq(fifo.level)
        return m
