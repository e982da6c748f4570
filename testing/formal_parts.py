"""What several proofs state in the same words."""

from amaranth.hdl import Assert, Mux, Signal, Value

__all__ = ["assert_held", "assert_ring"]


def assert_held(m, stream):
    """What ``stream`` offers stays, unchanged, until it is taken."""
    payload = Value.cast(stream.payload)
    waiting, offered = Signal(), Signal(len(payload))
    m.d.sync += [waiting.eq(stream.valid & ~stream.ready), offered.eq(payload)]
    m.d.comb += Assert(~waiting | stream.valid & (payload == offered))


def assert_ring(m, fifo, holds):
    """What a LUT FIFO contains.

    Parameters
    ----------
    m : Module
    fifo : gateware.stream.lut_fifo.LutFifo
        Its pointers agree with its level.
    holds : function of (payload, offset)
        What is true of the payload that is ``offset`` places behind the first one, while there is one.
    """
    depth = fifo.memory.depth
    end = Signal(8)
    m.d.comb += [
        end.eq(fifo.head + fifo.level),
        Assert(fifo.level <= depth),
        Assert(fifo.head < depth),
        Assert(fifo.tail == Mux(end >= depth, end - depth, end)),
        Assert(fifo.i.ready == (fifo.level != depth)),
        Assert(fifo.o.valid == (fifo.level != 0)),
    ]
    for slot in range(depth):
        word = fifo.memory.read_port(domain="comb")
        offset = Signal(8)
        m.d.comb += [
            word.addr.eq(slot),
            offset.eq(Mux(slot >= fifo.head, slot - fifo.head, slot + depth - fifo.head)),
            Assert((offset >= fifo.level) | holds(word.data, offset)),
        ]
