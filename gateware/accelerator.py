"""The accelerator: everything between the port of the DRAM and that of who starts programs."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.activity import ACTIVITY, BusState, Counter
from gateware.control.bus_monitor import BusMonitor
from gateware.control.counters import Counters
from gateware.control.data_router import DataRouter
from gateware.control.dispatch import Dispatch
from gateware.control.fetch import ProgramFetch
from gateware.control.memory_side import MemorySide
from gateware.control.result_sink import ArgmaxWrite, ResultSink
from gateware.control.store_unit import StoreUnit
from gateware.control_port import ControlPort
from gateware.dma.read_engine import ReadEngine
from gateware.dma.write_engine import WriteEngine
from gateware.dot.engine import DotEngine
from gateware.dot.slot_table import SlotTable
from gateware.isa import GROUP
from gateware.layouts import ElementWrite, QuantisedStripe
from gateware.memory_port import MemoryPort
from gateware.vector.scratchpad import StripeWrite
from gateware.vector.unit import ScalarWrite, VectorUnit

__all__ = ["Accelerator", "TraceSignature", "trace_shapes"]


def TraceSignature(shape):
    """While ``valid``: what has been written, and the index of the instruction that wrote it. Cannot be
    refused.

    Not a stream that is always ready: the constant ``ready`` of such a one cannot be a port of a design.
    """
    traced = data.StructLayout({"index": 16, "write": shape})
    return wiring.Signature({"valid": Out(1), "payload": Out(traced)})


def trace_shapes(config):
    """What each ``trace_`` port of an accelerator shows, by its name without the prefix."""
    return {
        "scratchpad": StripeWrite(config.vector.lanes),
        "scalar": ScalarWrite,
        "column": QuantisedStripe(config.vector.lanes),
        "store": ElementWrite,
        "argmax": ArgmaxWrite,
    }


class Accelerator(wiring.Component):
    """Runs the program of one token at each ``start``.

    ::

        fetch ---> memory side ---> queue ---> dispatch ---> commands of the units
        |   ^          |
      reads program  lines
        v   |          v
        read engine ---- data ---> router --+--> dot engine ---> result sink --+--> scratchpad
                                            |        ^                         |
                                            |        x                         v
                                            '--> vector unit --> store unit ---+--> write engine

    Fetch and memory side run ahead of execution, as far as the queue and the FIFO of the read engine reach.

    Throughput and results are those of the units; when the next instruction begins, :class:`Dispatch` says.
    Handshake outputs of ``memory`` depend on registers only.

    Parameters
    ----------
    config : gateware.config.Config

    Members
    -------
    memory : Out(MemoryPort)
        Bursts of writes have one beat.
    control : In(ControlPort)
    program_counter : Out(16)
        Index of the latest instruction that began to execute.
    stream_counter : Out(16)
        Index of the instruction that causes the burst offered on ``memory.read_request``.
    activity : Out(ACTIVITY)
        ``bus`` is that of the cycle before.
    trace_scratchpad, trace_scalar, trace_column, trace_store, trace_argmax : Out(TraceSignature)
        Everything that instructions write, for comparison with the golden model. Logic only if something
        reads it.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "memory": Out(MemoryPort(config.memory.bus_bits)),
            "control": In(ControlPort),
            "program_counter": Out(16),
            "stream_counter": Out(16),
            "activity": Out(data.StructLayout(ACTIVITY)),
        } | {f"trace_{name}": Out(TraceSignature(shape)) for name, shape in trace_shapes(config).items()})

    def elaborate(self, platform):
        m = Module()
        config, bus_bits = self._config, self._config.memory.bus_bits
        memory, control = self.memory, self.control
        m.submodules.reader = reader = ReadEngine(bus_bits=bus_bits, depth=config.memory.prefetch_beats)
        m.submodules.writer = writer = WriteEngine(bus_bits=bus_bits)
        m.submodules.fetch = fetch = ProgramFetch(bus_bits=bus_bits)
        m.submodules.memory_side = memory_side = MemorySide(queue=config.memory.queue, bus_bits=bus_bits)
        m.submodules.tokens = tokens = SlotTable(shape=32, slots=GROUP)
        m.submodules.dispatch = dispatch = Dispatch()
        m.submodules.router = router = DataRouter(bus_bits=bus_bits)
        m.submodules.dot = dot = DotEngine(
            dot=config.dot, bus_bits=bus_bits, vector_lanes=config.vector.lanes)
        m.submodules.vector = vector = VectorUnit(vector=config.vector, bus_bits=bus_bits)
        m.submodules.sink = sink = ResultSink()
        m.submodules.store = store = StoreUnit()

        # DRAM.
        connect(m, reader.read_request, flipped(memory.read_request))
        connect(m, flipped(memory.read_data), reader.read_data)
        connect(m, writer.write_request, flipped(memory.write_request))
        connect(m, writer.write_data, flipped(memory.write_data))
        # Program and streams.
        connect(m, fetch.reads, reader.instructions)
        connect(m, reader.program, fetch.beats)
        connect(m, fetch.instruction, memory_side.instruction)
        connect(m, memory_side.lines, reader.lines)
        connect(m, memory_side.work, dispatch.work)
        connect(m, reader.data, router.data)
        # Units.
        connect(m, dispatch.dot, dot.command)
        connect(m, dispatch.table, dot.table)
        connect(m, router.beats, dot.beats)
        connect(m, dispatch.vector, vector.command)
        connect(m, router.operand, vector.operand)
        connect(m, vector.x, dot.x)
        # Results.
        connect(m, dispatch.sink, sink.command)
        connect(m, dot.results, sink.results)
        connect(m, sink.scratchpad, vector.results)
        connect(m, dispatch.store, store.command)
        connect(m, vector.codes, store.codes)
        connect(m, vector.elements, store.elements)

        start = Signal()
        m.d.comb += [
            start.eq(control.start & ~control.busy),
            fetch.start.eq(start),
            fetch.program.eq(control.program),
            memory_side.start.eq(start),
            tokens.write_enable.eq(control.load | start),
            tokens.write_slot.eq(control.member),
            tokens.write_data.eq(control.token),
            tokens.read_slot0.eq(memory_side.member),
            memory_side.token.eq(tokens.read_data0),
            sink.member.eq(control.member),
            memory_side.position.eq(control.position),
            memory_side.stores_retired.eq(dispatch.stores_retired),
            memory_side.writes_idle.eq(writer.idle),
            dispatch.start.eq(start),
            dispatch.dot_done.eq(sink.done),
            dispatch.dot_stored.eq(sink.stored),
            dispatch.vector_done.eq(vector.done),
            dispatch.store_done.eq(store.done),
            dispatch.data_closed.eq(router.closed),
            dispatch.drained.eq(fetch.idle & writer.idle),
            router.open.eq(dispatch.open_data),
            router.vector.eq(dispatch.open_vector),
            writer.write_done.eq(memory.write_done),
            control.done.eq(dispatch.done),
            control.argmax.eq(sink.argmax),
            self.program_counter.eq(dispatch.program_counter),
            self.stream_counter.eq(reader.read_index),
        ]
        with m.If(start):
            m.d.sync += control.busy.eq(1)
        with m.Elif(dispatch.done):
            m.d.sync += control.busy.eq(0)

        # The write engine takes results of a DOT or of a VECTOR; instructions that write to DRAM never overlap.
        m.d.comb += [
            writer.writes.valid.eq(sink.writes.valid | store.writes.valid),
            sink.writes.ready.eq(writer.writes.ready),
            store.writes.ready.eq(writer.writes.ready & ~sink.writes.valid),
        ]
        # Field by field: yosys otherwise splits the payload between two names of it, and the compiled
        # simulation takes that for feedback.
        for name, _ in ElementWrite:
            m.d.comb += writer.writes.p[name].eq(
                Mux(sink.writes.valid, sink.writes.p[name], store.writes.p[name]))
        self._count(m, reader, writer, fetch, memory_side, dispatch, router)
        self._trace(m, writer, dispatch, vector, sink)
        return m

    def _count(self, m, reader, writer, fetch, memory_side, dispatch, router):
        m.submodules.monitor = monitor = BusMonitor()
        m.submodules.counters = counters = Counters()
        events = {
            Counter.BUSY: monitor.state != BusState.IDLE,
            Counter.INSTRUCTIONS: dispatch.issued,
            Counter.READ_BEATS: monitor.state == BusState.BUSY,
            Counter.WRITE_BEATS: writer.beats,
            **{Counter[f"LOST_{state.name}"]: monitor.state == state
               for state in BusState if state not in (BusState.IDLE, BusState.BUSY)},
            Counter.DATA_STARVED: router.starved,
            Counter.DOT_BUSY: dispatch.dot_busy,
            Counter.SCORE_BUSY: dispatch.dot_busy & dispatch.score,
            Counter.MIX_BUSY: dispatch.dot_busy & dispatch.mix,
            Counter.VECTOR_BUSY: dispatch.vector_busy,
        }
        m.d.comb += [
            counters.events.eq(Cat(events[counter] for counter in Counter)),
            monitor.busy.eq(self.control.busy),
            monitor.beat.eq(self.memory.read_data.valid & self.memory.read_data.ready),
            monitor.outstanding.eq(reader.outstanding),
            monitor.full.eq(reader.full),
            monitor.waiting.eq(memory_side.waiting),
            monitor.blocked.eq(memory_side.blocked),
            monitor.fetched.eq(fetch.idle),
            counters.index.eq(self.control.counter_index),
            self.control.counter_value.eq(counters.value),
            self.activity.bus.eq(monitor.state),
            self.activity.dot.eq(dispatch.dot_busy),
            self.activity.vector.eq(dispatch.vector_busy),
            self.activity.store.eq(dispatch.store_busy),
            self.activity.memory.eq(reader.streaming),
            self.activity.dot_index.eq(dispatch.dot_counter),
            self.activity.vector_index.eq(dispatch.vector_counter),
            self.activity.memory_index.eq(reader.stream),
        ]

    def _trace(self, m, writer, dispatch, vector, sink):
        # Results of a DOT may come when the next one has begun. The scratchpad shows a write one cycle after it has
        # taken it.
        current = dispatch.vector_counter
        scratchpad_index = Signal(16, reset_less=True)
        from_sink = sink.scratchpad.valid & sink.scratchpad.ready
        m.d.sync += scratchpad_index.eq(Mux(from_sink, sink.index, current))
        for port, source, index in ((self.trace_scratchpad, vector.trace_scratchpad, scratchpad_index),
                                    (self.trace_scalar, vector.trace_scalar, current),
                                    (self.trace_column, vector.x, current)):
            m.d.comb += [
                port.valid.eq(source.valid),
                port.payload.index.eq(index),
                port.payload.write.eq(source.payload),
            ]
        argmax = self.trace_argmax
        m.d.comb += [
            self.trace_store.valid.eq(writer.writes.valid & writer.writes.ready),
            self.trace_store.payload.index.eq(Mux(sink.writes.valid, sink.index, current)),
            self.trace_store.payload.write.eq(writer.writes.payload),
            argmax.valid.eq(sink.largest.valid),
            argmax.payload.index.eq(sink.largest_index),
            argmax.payload.write.eq(sink.largest.payload),
        ]
