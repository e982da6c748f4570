"""The half of the control that executes: work to the units, in order."""

from amaranth.hdl import Assert, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.control.layouts import SinkCommand, STORE_COUNT_BITS, Work
from gateware.isa import Opcode, Reduce, STORING, Sink
from gateware.layouts import CodeTableEntries, DotCommand, StoreCommand, VectorCommand

__all__ = ["Dispatch"]


class Dispatch(wiring.Component):
    """Starts the instructions in order, each as soon as those that it needs are complete.

    An instruction with a stream begins when the stream before it has passed. A ``DOT`` begins beside another one: both
    only read the x-buffer, and their results stay in order. ``VECTOR`` passes follow one another. Beside an instruction
    of the other unit one begins only as far as its ``overlap`` allows: a ``VECTOR`` when at most so many ``DOT`` are
    executing, which are then the latest ones before it; a ``DOT`` beside the ``VECTOR`` before it. A ``TABLE`` waits
    for all others and is complete when the dot engine has taken it. A command is offered, by a register, two cycles
    after the completion it waited for.

    Members
    -------
    start : In(1)
        Instructions are counted from 0 again.
    work : In(stream of Work)
    dot : Out(stream of DotCommand)
    table : Out(stream of CodeTableEntries)
        Only while no ``DOT`` is executing.
    sink : Out(stream of SinkCommand)
        Once per ``DOT``, when the dot engine takes its command; must be ready then.
    vector : Out(stream of VectorCommand)
        Must be ready when the pass before is done.
    store : Out(stream of StoreCommand)
        Once per ``VECTOR`` that stores, together with its command; must be ready then.
    dot_done, vector_done, store_done : In(1)
        Pulses: the results of a ``DOT`` have been written; the vector unit, the store unit is done.
    dot_stored : In(1)
        With ``dot_done``: its results went to DRAM.
    open_data, open_vector, data_closed
        To and from :class:`DataRouter`.
    drained : In(1)
        Nothing is under way outside: the program is read, stores are in DRAM.
    stores_retired : Out
        Storing instructions completed, modulo 2**STORE_COUNT_BITS.
    done : Out(1)
        Pulse: ``END`` has been reached and all is drained.
    program_counter, vector_counter, dot_counter : Out(16)
        Index of the latest instruction, of the latest ``VECTOR``, of the latest ``DOT`` that began.
    issued : Out(1)
        Pulse: an instruction begins.
    dot_busy, vector_busy : Out(1)
        An instruction of that unit is executing.
    store_busy : Out(1)
        A ``VECTOR`` that stores is executing.
    score, mix : Out(1)
        The latest ``DOT`` is one over K, over V.
    """

    DOTS = 2
    """Most ``DOT`` instructions at once."""

    start: In(1)
    work: In(stream.Signature(Work))
    dot: Out(stream.Signature(DotCommand))
    table: Out(stream.Signature(CodeTableEntries))
    sink: Out(stream.Signature(SinkCommand))
    vector: Out(stream.Signature(VectorCommand))
    store: Out(stream.Signature(StoreCommand))
    dot_done: In(1)
    dot_stored: In(1)
    vector_done: In(1)
    store_done: In(1)
    open_data: Out(1)
    open_vector: Out(1)
    data_closed: In(1)
    drained: In(1)
    stores_retired: Out(STORE_COUNT_BITS)
    done: Out(1)
    program_counter: Out(16)
    vector_counter: Out(16)
    dot_counter: Out(16)
    issued: Out(1)
    dot_busy: Out(1)
    vector_busy: Out(1)
    store_busy: Out(1)
    score: Out(1)
    mix: Out(1)

    def elaborate(self, platform):
        m = Module()
        work = self.work.p
        dots = Signal(range(self.DOTS + 1))
        computing, storing = Signal(), Signal()  # what a VECTOR still waits for
        stored = Signal()                        # the VECTOR under way stores
        following = Signal(16)                   # index of the work that waits
        # The work has nothing to wait for but its unit; from then on that stays so.
        offered = {opcode: Signal(name=f"offered_{opcode.name.lower()}") for opcode in Opcode}
        begin_dot, begin_vector, load_table, end = Signal(), Signal(), Signal(), Signal()
        is_store = work.vector.sink.matches(*STORING)
        to_memory = work.vector.sink == Sink.MEMORY

        # Outputs that are the instruction's own fields.
        m.d.comb += [
            self.dot.payload.eq(work.dot),
            # In the order of TABLE_FIELDS.
            self.table.payload.eq(Cat(work.vector.b, work.vector.c, work.store.base, work.store.scale_address)),
            self.sink.p.scratchpad.eq(work.vector.sink == Sink.SCRATCHPAD),
            self.sink.p.memory.eq(to_memory),
            self.sink.p.argmax.eq(work.vector.reduce == Reduce.ARGMAX),
            self.sink.p.start.eq(Mux(to_memory, work.store.base, work.vector.destination << 2)),
            self.sink.p.column_stride.eq(work.destination_stride),
            self.sink.p.row_stride.eq(Mux(to_memory, work.store.stride, 4)),
            self.sink.p.index.eq(following),
            self.vector.payload.eq(work.vector),
            self.store.payload.eq(work.store),
        ]
        alone = ~self.vector_busy & (dots == 0)
        conditions = {
            Opcode.DOT: (~self.vector_busy | work.overlap.any()) & (dots != self.DOTS),
            Opcode.VECTOR: ~self.vector_busy & (dots <= work.overlap),
            Opcode.TABLE: alone,
            Opcode.END: alone & self.data_closed & self.drained,
        }
        # A unit that takes its time is far away: what it says decides about its own offer alone. While there is no
        # offer the work is not taken.
        refused = {Opcode.DOT: ~self.dot.ready, Opcode.TABLE: ~self.table.ready}
        waits = Signal()
        m.d.comb += waits.eq(self.work.valid & (self.data_closed | ~work.streams) & ~Cat(offered.values()).any())
        m.d.sync += [offered[opcode].eq(waits & (work.opcode == opcode) & condition
                                        | offered[opcode] & refused.get(opcode, 0))
                     for opcode, condition in conditions.items()]
        m.d.comb += [
            self.dot.valid.eq(offered[Opcode.DOT]),
            begin_dot.eq(self.dot.valid & self.dot.ready),
            self.vector.valid.eq(offered[Opcode.VECTOR]),
            begin_vector.eq(self.vector.valid),
            self.table.valid.eq(offered[Opcode.TABLE]),
            load_table.eq(self.table.valid & self.table.ready),
            end.eq(offered[Opcode.END]),
        ]
        m.d.sync += [
            Assert(~begin_dot | self.sink.ready, "A DOT must find room for its sink"),
            Assert(~begin_vector | self.vector.ready, "A VECTOR must find the vector unit free"),
            Assert(~begin_vector | ~is_store | self.store.ready, "A VECTOR must find the store unit free"),
        ]
        m.d.comb += [
            self.sink.valid.eq(begin_dot),
            self.store.valid.eq(begin_vector & is_store),
            self.issued.eq(begin_dot | begin_vector | load_table),
            self.work.ready.eq(self.issued | end),
            self.open_data.eq(self.issued & work.streams),
            self.open_vector.eq(begin_vector),
            self.dot_busy.eq(dots != 0),
            self.vector_busy.eq(computing | storing),
            self.store_busy.eq(storing),
        ]

        # Completion.
        vector_ends = Signal()
        m.d.comb += vector_ends.eq((computing | storing)
                                   & (~computing | self.vector_done) & (~storing | self.store_done))
        m.d.sync += [
            dots.eq(dots + begin_dot - self.dot_done),
            self.done.eq(end),
            self.stores_retired.eq(self.stores_retired + (self.dot_done & self.dot_stored) + (vector_ends & stored)),
        ]
        with m.If(begin_dot):
            m.d.sync += [self.dot_counter.eq(following), self.score.eq(work.score), self.mix.eq(work.mix)]
        with m.If(self.vector_done):
            m.d.sync += computing.eq(0)
        with m.If(self.store_done):
            m.d.sync += storing.eq(0)
        with m.If(begin_vector):
            m.d.sync += [
                computing.eq(1),
                storing.eq(is_store),
                stored.eq(is_store),
                self.vector_counter.eq(following),
            ]
        with m.If(self.issued | end):
            m.d.sync += [self.program_counter.eq(following), following.eq(following + 1)]
        with m.If(self.start):
            m.d.sync += following.eq(0)
        return m
