"""fp32 elements of stripes, one after another."""

from amaranth.hdl import Assert, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.layouts import StoredElement
from gateware.stream.block_fifo import BlockFifo

__all__ = ["ElementSerialiser"]


class ElementSerialiser(wiring.Component):
    """Sends the elements of stripes one per cycle, with back-pressure, the first one five cycles after its stripe.

    Stripes come out of a pipeline that cannot wait, at least ``lanes`` cycles apart. So each is announced with
    ``reserve`` when it enters that pipeline, which is allowed while the queue is not ``full``: it has room for all
    elements of every stripe that was reserved. The elements of a stripe go into the queue one after another, so that
    the queue is one element wide. No element is lost, duplicated or reordered, and none finds the queue full: proved by
    tests/gateware/vector/test_element_serialiser.py.

    Parameters
    ----------
    lanes : int
        Elements of a stripe, a power of two.
    depth : int
        Elements of the queue, two stripes or more: what is in the pipeline of the vector unit at an element per cycle.

    Members
    -------
    start : In(1)
        A pass begins; no element of the one before is left.
    full : Out(1)
        No stripe may be reserved. A register: in the cycle after a stripe was reserved, none may be.
    reserve : In(1)
    valid, last : In(1)
        A stripe that was reserved earlier; it is the last of the pass.
    stripe : In(ArrayLayout(32, lanes))
    last_lane : In
        The last element of the last stripe. Constant during a pass.
    elements : Out(stream of StoredElement)
        Its handshake outputs are registers.
    done : Out(1)
        The last element is being handed over.

    Attributes
    ----------
    queue : gateware.stream.block_fifo.BlockFifo
        Of elements; proofs look into it, and at the registers below.
    held : Signal
        The stripe whose elements enter the queue, the next one first.
    entering, ends, left : Signal
        Whether there is one; it is the last of its pass; how many elements come after the next one.
    free : Signal
        Elements of the queue that no stripe has claimed. A short last stripe claims too much, until the next pass.

    Raises
    ------
    ValueError
        If the queue is too short.
    """

    def __init__(self, *, lanes, depth=128):
        if depth < 2 * lanes:
            raise ValueError(f"Queue of elements must hold two stripes of {lanes} at least, not {depth!r} elements")
        self._lanes, self._depth = lanes, depth
        self.queue = BlockFifo(shape=StoredElement, depth=depth)
        self.held = Signal(data.ArrayLayout(32, lanes), name="stripe", reset_less=True)
        self.entering, self.ends = Signal(), Signal(reset_less=True)
        self.left = Signal(range(lanes), reset_less=True)
        self.free = Signal(range(depth + 1), init=depth)
        super().__init__({
            "start": In(1),
            "full": Out(1),
            "reserve": In(1),
            "valid": In(1),
            "last": In(1),
            "stripe": In(data.ArrayLayout(32, lanes)),
            "last_lane": In(range(lanes)),
            "elements": Out(stream.Signature(StoredElement)),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        m.submodules.queue = queue = self.queue
        connect(m, queue.o, flipped(self.elements))
        m.d.comb += self.done.eq(self.elements.valid & self.elements.ready & self.elements.p.last)

        stripe, entering, ends, left, free = self.held, self.entering, self.ends, self.left, self.free
        final = left == 0
        m.d.comb += [
            queue.i.valid.eq(entering),
            queue.i.p.value.eq(stripe[0]),
            queue.i.p.last.eq(ends & final),
        ]
        with m.If(self.valid):
            m.d.sync += [
                stripe.eq(self.stripe),
                entering.eq(1),
                ends.eq(self.last),
                left.eq(Mux(self.last, self.last_lane, lanes - 1)),
            ]
        with m.Elif(entering):
            m.d.sync += [entering.eq(~final), left.eq(left - 1)]
            m.d.sync += [stripe[lane].eq(stripe[lane + 1]) for lane in range(lanes - 1)]

        left_queue = Signal()
        m.d.comb += left_queue.eq(self.elements.valid & self.elements.ready)
        m.d.sync += [
            free.eq(free - Mux(self.reserve, lanes, 0) + left_queue),
            self.full.eq(free < lanes),
        ]
        with m.If(self.start):
            m.d.sync += free.eq(self._depth)
        m.d.sync += [
            Assert(~queue.i.valid | queue.i.ready, "An element must find room in the queue"),
            Assert(~self.valid | ~entering | final, "The elements of a stripe must have left when the next one comes"),
        ]
        return m
