"""What several proofs state in the same words."""

from amaranth.hdl import Assert, Mux, Signal, Value

from gateware.stream.block_fifo import BlockFifo

__all__ = ["assert_block_fifo", "assert_held", "assert_ring"]


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
    m.d.comb += [
        Assert(fifo.i.ready == (fifo.level != fifo.memory.depth)),
        Assert(fifo.o.valid == (fifo.level != 0)),
    ]
    _assert_words(m, fifo.memory, fifo.head, fifo.tail, fifo.level, holds)


def assert_block_fifo(m, fifo, holds):
    """What a FIFO in block RAM contains; parameters are those of `assert_ring`. Called before it is elaborated."""
    ram = fifo.ram.elaborate(None)
    fifo.ram.elaborate = lambda platform: ram
    memory, out = ram.submodules.array, fifo.output
    m.d.comb += [
        Assert(fifo.granted == out.level + fifo.arriving[0] + fifo.arriving[1]),
        Assert(fifo.granted <= BlockFifo.OUTPUT_DEPTH),
        Assert(fifo.ready == (fifo.stored != memory.depth)),
        Assert(fifo.level == fifo.granted + fifo.stored),
        # What arrives at the output is never refused, and is what comes next.
        Assert(~out.i.valid | out.i.ready),
        Assert(~out.i.valid | holds(Value.cast(out.i.payload), out.level)),
    ]
    assert_ring(m, out, holds)
    _assert_words(m, memory, fifo.head, fifo.tail, fifo.stored,
                  lambda word, offset: holds(word, fifo.granted + offset))


def _assert_words(m, memory, head, tail, level, holds):
    """``level`` words from ``head`` on are in a memory that is used as a ring."""
    depth, end = memory.depth, Signal(8)
    m.d.comb += [
        end.eq(head + level),
        Assert(level <= depth),
        Assert(head < depth),
        Assert(tail == Mux(end >= depth, end - depth, end)),
    ]
    for slot in range(depth):
        word = memory.read_port(domain="comb")
        offset = Signal(8)
        m.d.comb += [
            word.addr.eq(slot),
            offset.eq(Mux(slot >= head, slot - head, slot + depth - head)),
            Assert((offset >= level) | holds(word.data, offset)),
        ]
