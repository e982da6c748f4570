"""The half of the control that runs ahead: it reads what the units will need."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.control.layouts import STORE_COUNT_BITS, Work
from gateware.control.line_issuer import LineIssuer
from gateware.control.resolver import Resolver
from gateware.dma.layouts import Line
from gateware.layouts import InstructionLayout
from gateware.stream.fifo import StreamFifo

__all__ = ["MemorySide"]


class MemorySide(wiring.Component):
    """Takes instructions in order, requests their streams, and queues their work for execution.

    It runs ahead of execution by ``queue`` instructions, one that is offered, and as many beats as the read
    FIFO holds, and is stopped by nothing but these and a stream with ``wait`` whose stores are not in DRAM
    yet. An instruction enters the queue as soon as its lines begin, and leaves it every second cycle at most.

    Parameters
    ----------
    queue : int
        Instructions between the memory side and execution.
    bus_bits : int
        Width of a bus word.

    Members
    -------
    start : In(1)
    member : Out(5)
    token : In(32)
    position : In(16)
        See :class:`Resolver`.
    instruction : In(stream of InstructionLayout)
    lines : Out(stream of Line)
    work : Out(stream of Work)
    stores_retired : In
    writes_idle, waiting
        See :class:`LineIssuer`.
    blocked : Out(1)
        The queue is full.
    """

    def __init__(self, *, queue, bus_bits):
        self._queue, self._bus_bits = queue, bus_bits
        super().__init__({
            "start": In(1),
            "member": Out(5),
            "token": In(32),
            "position": In(16),
            "instruction": In(stream.Signature(InstructionLayout)),
            "lines": Out(stream.Signature(Line)),
            "work": Out(stream.Signature(Work)),
            "stores_retired": In(STORE_COUNT_BITS),
            "writes_idle": In(1),
            "waiting": Out(1),
            "blocked": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.resolver = resolver = Resolver(bus_bits=self._bus_bits)
        m.submodules.issuer = issuer = LineIssuer()
        m.submodules.queue = queue = StreamFifo(shape=Work, depth=self._queue)
        connect(m, flipped(self.instruction), resolver.instruction)
        connect(m, resolver.block, issuer.blocks)
        connect(m, resolver.work, queue.i)
        connect(m, issuer.lines, flipped(self.lines))
        # Work waits in a register: dispatch looks at all of it. The queue refills it a cycle after it is
        # taken.
        work, offered = Signal(Work, reset_less=True), Signal()
        m.d.comb += [
            queue.o.ready.eq(~offered),
            self.work.valid.eq(offered),
            self.work.payload.eq(work),
        ]
        with m.If(~offered):
            m.d.sync += [work.eq(queue.o.payload), offered.eq(queue.o.valid)]
        with m.Elif(self.work.ready):
            m.d.sync += offered.eq(0)
        m.d.comb += [
            resolver.start.eq(self.start),
            self.member.eq(resolver.member),
            resolver.token.eq(self.token),
            resolver.position.eq(self.position),
            issuer.stores_retired.eq(self.stores_retired),
            issuer.writes_idle.eq(self.writes_idle),
            self.waiting.eq(issuer.waiting),
            self.blocked.eq(resolver.blocked),
        ]
        return m
