"""A FIFO of any depth."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.block_ram import BlockRam
from gateware.stream.lut_fifo import LutFifo

__all__ = ["StreamFifo"]


class StreamFifo(wiring.Component):
    """First in, first out: in block RAM, or up to ``LUT_DEPTH`` payloads in LUT RAM.

    Throughput one payload per cycle whatever the depth. Latency four cycles in block RAM (its own two are hidden
    behind a :class:`LutFifo` at the output, which also keeps block RAM off the user's path), one in LUT RAM.
    Handshake outputs and ``level`` depend on registers only. Nothing is lost, duplicated or reordered, and no word
    of the block RAM is read while it is written: proved by tests/gateware/stream/test_proofs.py.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        Payloads that it holds at least, 2 or more; in block RAM a few more fit.

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

    LUT_DEPTH = 64
    OUTPUT_DEPTH = 4
    """Payloads that the output stage holds: the four cycles from granting a read to knowing that it has left."""

    def __init__(self, *, shape, depth):
        if depth < 2:
            raise ValueError(f"FIFO depth must be at least 2, not {depth!r}")
        self._shape = shape
        self._depth = depth
        capacity = depth if depth <= self.LUT_DEPTH else depth + self.OUTPUT_DEPTH
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(range(capacity + 1)),
        })

    def elaborate(self, platform):
        m = Module()
        if self._depth <= self.LUT_DEPTH:
            m.submodules.fifo = fifo = LutFifo(shape=self._shape, depth=self._depth)
            connect(m, flipped(self.i), fifo.i)
            connect(m, fifo.o, flipped(self.o))
            m.d.comb += self.level.eq(fifo.level)
        else:
            self._elaborate_block(m)
        return m

    def _elaborate_block(self, m):
        m.submodules.ram = ram = BlockRam(width=Shape.cast(self._shape).width, depth=self._depth)
        m.submodules.output = output = LutFifo(shape=self._shape, depth=self.OUTPUT_DEPTH)
        head, tail = Signal(range(self._depth)), Signal(range(self._depth))
        stored = Signal(range(self._depth + 1))       # words written whose read is not granted yet
        granted = Signal(range(self.OUTPUT_DEPTH + 1))  # reads granted whose payload has not left
        push, grant, pop = Signal(), Signal(), Signal()
        arriving = Signal(BlockRam.LATENCY)

        def following(pointer):
            return Mux(pointer == self._depth - 1, 0, pointer + 1)

        m.d.comb += [
            self.i.ready.eq(stored != self._depth),
            push.eq(self.i.valid & self.i.ready),
            ram.write_enable.eq(push),
            ram.write_address.eq(tail),
            ram.write_data.eq(self.i.payload),
            grant.eq((stored != 0) & (granted != self.OUTPUT_DEPTH)),
            ram.read_enable.eq(grant),
            ram.read_address.eq(head),
            output.i.valid.eq(arriving[-1]),
            output.i.payload.eq(ram.read_data),
            pop.eq(output.o.valid & output.o.ready),
        ]
        connect(m, output.o, flipped(self.o))
        m.d.sync += [
            stored.eq(stored + push - grant),
            granted.eq(granted + grant - pop),
            self.level.eq(self.level + push - pop),
            arriving.eq(arriving << 1 | grant),
        ]
        with m.If(push):
            m.d.sync += tail.eq(following(tail))
        with m.If(grant):
            m.d.sync += head.eq(following(head))
