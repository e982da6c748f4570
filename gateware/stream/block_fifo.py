"""A FIFO in block RAM: deep."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.block_ram import BlockRam
from gateware.stream.lut_fifo import LutFifo

__all__ = ["BlockFifo"]


class BlockFifo(wiring.Component):
    """First in, first out, in block RAM.

    Latency four cycles, throughput one payload per cycle: the block RAM's own latency is hidden behind a
    :class:`LutFifo` at the output, which also keeps its slow output off the user's path. Handshake outputs
    and ``level`` depend on registers only. Nothing is lost, duplicated or reordered, and no word is read
    while it is written: proved by tests/gateware/stream/test_proofs.py.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        Words of block RAM, 2 or more; up to ``OUTPUT_DEPTH`` payloads more fit at the output.

    Members
    -------
    i : In(stream)
    o : Out(stream)
    level : Out
        Payloads inside, 0..depth + OUTPUT_DEPTH.

    Raises
    ------
    ValueError
        If the depth is below 2.
    """

    OUTPUT_DEPTH = 4
    """Payloads that the output holds: the four cycles from granting a read to knowing that its payload has
    left."""

    def __init__(self, *, shape, depth):
        if depth < 2:
            raise ValueError(f"Block FIFO depth must be at least 2, not {depth!r}")
        self._depth = depth
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(range(depth + self.OUTPUT_DEPTH + 1)),
        })
        # Members, so that a proof can state what they hold.
        self.ram = BlockRam(width=Shape.cast(shape).width, depth=depth)
        self.output = LutFifo(shape=shape, depth=self.OUTPUT_DEPTH)
        self.head = Signal(range(depth))
        self.tail = Signal(range(depth))
        self.ready = Signal(init=1)
        # Words written whose read is not granted; reads granted whose payload has not left.
        self.stored = Signal(range(depth + 1))
        self.granted = Signal(range(self.OUTPUT_DEPTH + 1))
        # Reads on their way, the oldest in the highest bit.
        self.arriving = Signal(BlockRam.LATENCY)

    def elaborate(self, platform):
        m = Module()
        m.submodules.ram, m.submodules.output = ram, output = self.ram, self.output
        push, grant, pop = Signal(), Signal(), Signal()

        def following(pointer):
            return Mux(pointer == self._depth - 1, 0, pointer + 1)

        m.d.comb += [
            self.i.ready.eq(self.ready),
            push.eq(self.i.valid & self.i.ready),
            ram.write_enable.eq(push),
            ram.write_address.eq(self.tail),
            ram.write_data.eq(self.i.payload),
            grant.eq((self.stored != 0) & (self.granted != self.OUTPUT_DEPTH)),
            ram.read_enable.eq(grant),
            ram.read_address.eq(self.head),
            output.i.valid.eq(self.arriving[-1]),
            output.i.payload.eq(ram.read_data),
            pop.eq(output.o.valid & output.o.ready),
        ]
        connect(m, output.o, flipped(self.o))
        m.d.sync += [
            # Whether there will be room, compared before it is known what comes.
            self.ready.eq(grant | Mux(push, self.stored != self._depth - 1, self.stored != self._depth)),
            self.granted.eq(self.granted + grant - pop),
            self.level.eq(self.level + push - pop),
            self.arriving.eq(self.arriving << 1 | grant),
        ]
        # One sum, for which it is not waited who pushes.
        with m.If(push ^ grant):
            m.d.sync += self.stored.eq(self.stored + Mux(grant, -1, 1))
        with m.If(push):
            m.d.sync += self.tail.eq(following(self.tail))
        with m.If(grant):
            m.d.sync += self.head.eq(following(self.head))
        return m
