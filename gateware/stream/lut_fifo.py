"""A FIFO in LUT RAM: short, and with little latency."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LutFifo"]


class LutFifo(wiring.Component):
    """First in, first out, in a memory that is read without a clock.

    Latency one cycle, throughput one payload per cycle, ``i.ready``, ``o.valid`` and ``level`` are registers.
    Nothing is lost, duplicated or reordered: proved by tests/gateware/stream/test_proofs.py.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        Payloads that it holds, 2..64.

    Members
    -------
    i : In(stream)
    o : Out(stream)
    level : Out
        Payloads inside, 0..depth.

    Raises
    ------
    ValueError
        If the depth is not 2..64.
    """

    def __init__(self, *, shape, depth):
        if depth not in range(2, 65):
            raise ValueError(f"LUT FIFO depth must be 2..64, not {depth!r}")
        self._depth = depth
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
            "level": Out(range(depth + 1)),
        })
        # Members, so that a proof can look into the memory. Left to itself, yosys takes block RAM for many or wide
        # payloads, and adds what passes a word by that is written and read at once.
        self.memory = memory.Memory(shape=shape, depth=depth, init=[], attrs={"ram_style": "distributed"})
        self.head = Signal(range(depth))
        self.tail = Signal(range(depth))

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = self.memory
        write = self.memory.write_port()
        read = self.memory.read_port(domain="comb")
        ready, valid = Signal(init=1), Signal()
        push, pop = Signal(), Signal()

        def following(pointer):
            return Mux(pointer == self._depth - 1, 0, pointer + 1)

        m.d.comb += [
            push.eq(self.i.valid & ready),
            pop.eq(valid & self.o.ready),
            self.i.ready.eq(ready),
            write.en.eq(push),
            write.addr.eq(self.tail),
            write.data.eq(self.i.payload),
            read.addr.eq(self.head),
            self.o.valid.eq(valid),
            self.o.payload.eq(read.data),
        ]
        m.d.sync += self.level.eq(self.level + push - pop)
        # From the level as it was, which is there before push and pop are.
        with m.If(push & ~pop):
            m.d.sync += [valid.eq(1), ready.eq(self.level != self._depth - 1)]
        with m.If(pop & ~push):
            m.d.sync += [ready.eq(1), valid.eq(self.level != 1)]
        with m.If(push):
            m.d.sync += self.tail.eq(following(self.tail))
        with m.If(pop):
            m.d.sync += self.head.eq(following(self.head))
        return m
