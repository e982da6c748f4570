"""The vector unit."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.exact.vector_pass import CODE_BITS
from gateware.isa import Function, Reduce, Sink
from gateware.layouts import QuantisedStripe, ScratchpadWrite, StoredCode, StoredElement, VectorCommand
from gateware.numeric.delay import delay
from gateware.shapes.checks import check_bus
from gateware.vector.control_delay import control_delay
from gateware.vector.element_serialiser import ElementSerialiser
from gateware.vector.stripe_function import StripeFunction
from gateware.vector.half_stripes import HalfStripes
from gateware.vector.lane import Lane
from gateware.vector.max_reducer import MaxReducer
from gateware.vector.operand_fetch import OperandFetch
from gateware.vector.quantiser import Quantiser
from gateware.vector.scratchpad import StripeWrite, Scratchpad
from gateware.vector.sum_reducer import SumReducer

__all__ = ["ScalarWrite", "VectorUnit"]

_SCALARS = 64

ScalarWrite = data.StructLayout({"register": (_SCALARS - 1).bit_length(), "value": 32})
"""A write of a scalar register."""


class VectorUnit(wiring.Component):
    """Executes ``VECTOR`` passes, one after another, and holds the scratchpad and the scalar registers.

    ::

        operand --.
        scalars --+-- fetch -- a, b, c -- lanes --+-- results --+-- scratchpad
        scratchpad '                              '- function -'+-- quantiser -- x, codes
                                                                |-- serialiser -- elements
                                                                '-- sum, largest -- scalars

    Functions and reductions take half a stripe per cycle: passes have little of both, and their units are large. Passes
    into DRAM take one element per cycle, and less as far as ``elements`` waits.

    Cycles of a pass from its command to ``done``, if the stream operand is there in time. With
    ``interval = max(1, SCRATCHPAD operands)``, at least 2 with a function or a reduction (for SUM with 16 lanes
    at least 4), for MEMORY at least ``lanes``, and ``stripes = ceil(length / lanes)`` the last result is there after
    ``stripes * interval + 24`` cycles,
    18 more for a function other than the identity. Then follow, the longer of both:

    ===============  ==============================================================================
    sink             cycles
    ===============  ==============================================================================
    NONE, no reduce  1
    SCRATCHPAD       1
    COLUMN           ``Quantiser.latency(lanes)`` (14 for 4) + stripes of the last block, padded
    STORE            three more, and one code per cycle instead of a stripe
    MEMORY           6, and one for each element of the last stripe beyond the first
    SUM              ``SumReducer.tail(lanes // 2, length)`` + 3 (18 for one element, 123 for 64 at 4 lanes)
    MAX, LARGEST     ``MaxReducer.latency(lanes // 2)`` + 3 (8 at 4 lanes)
    ===============  ==============================================================================

    Parameters
    ----------
    vector : gateware.shapes.vector_shape.VectorShape
    bus_bits : int
        Width of a beat of ``operand``: 32, 64, 128 or 256.

    Members
    -------
    command : In(stream of VectorCommand)
        A pass of 1 or more elements; taken when the previous one is done.
    done : Out(1)
        Pulses when every effect of the pass is complete: the next pass may read what it wrote to scratchpad
        and scalars, the x-buffer has been sent its last stripe, the last code or element has been accepted.
    operand : In(stream of bus_bits)
        The stream operand, fp32 elements, little endian. A pass takes ``ceil(32 * length / bus_bits)`` beats
        and ignores what the last one holds beyond ``length``.
    results : In(stream of ScratchpadWrite)
        Elements for the scratchpad from elsewhere, one per cycle while the unit does not write itself.
    x : Out(stream of QuantisedStripe, always ready)
    codes : Out(stream of StoredCode)
    elements : Out(stream of StoredElement)
    trace_scratchpad : Out(stream of StripeWrite, always ready)
        Every write to the scratchpad, of passes and of ``results``.
    trace_scalar : Out(stream of ScalarWrite, always ready)

    Raises
    ------
    ValueError
        If the width of the bus is not possible.
    """

    def __init__(self, *, vector, bus_bits):
        check_bus("VectorUnit", bus_bits)
        self._vector, self._bus_bits = vector, bus_bits
        lanes = vector.lanes
        super().__init__({
            "command": In(stream.Signature(VectorCommand)),
            "done": Out(1),
            "operand": In(stream.Signature(bus_bits)),
            "results": In(stream.Signature(ScratchpadWrite)),
            "x": Out(stream.Signature(QuantisedStripe(lanes), always_ready=True)),
            "codes": Out(stream.Signature(StoredCode)),
            "elements": Out(stream.Signature(StoredElement)),
            "trace_scratchpad": Out(stream.Signature(StripeWrite(lanes), always_ready=True)),
            "trace_scalar": Out(stream.Signature(ScalarWrite, always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._vector.lanes
        lane_bits = (lanes - 1).bit_length()
        command = self.command.payload

        # The pass.
        start, busy = Signal(), Signal()
        function = Signal(2, reset_less=True)
        register = Signal(range(_SCALARS), reset_less=True)
        into = {sink: Signal(reset_less=True, name=f"into_{sink.name.lower()}")
                for sink in Sink}
        taking_sum, taking_max, by_magnitude = (
            Signal(reset_less=True, name=name) for name in ("taking_sum", "taking_max", "by_magnitude"))
        identity = Signal(reset_less=True)
        destination = Signal(20, reset_less=True)  # of the next stripe
        column = Signal(5, reset_less=True)
        pad = Signal(reset_less=True)
        code_bits = Signal.like(command.code_bits, reset_less=True)
        last_lane = Signal(range(lanes), reset_less=True)
        hidden = Signal(lanes)                     # of the next stripe
        m.d.comb += [
            self.command.ready.eq(~busy),
            start.eq(self.command.valid & ~busy),
        ]
        with m.If(start):
            m.d.sync += [
                function.eq(command.function),
                identity.eq(command.function == Function.IDENTITY),
                taking_sum.eq(command.reduce == Reduce.SUM),
                taking_max.eq((command.reduce == Reduce.MAX) | (command.reduce == Reduce.LARGEST)),
                by_magnitude.eq(command.reduce == Reduce.LARGEST),
                register.eq(command.reduce_destination),
                destination.eq(command.destination),
                column.eq(command.destination),
                pad.eq(command.pad),
                code_bits.eq(command.code_bits),
                last_lane.eq(command.length - 1),
            ]
            m.d.sync += [flag.eq(command.sink == sink) for sink, flag in into.items()]

        # Memories.
        m.submodules.scratchpad = scratchpad = Scratchpad(lanes=lanes, elements=self._vector.scratchpad)
        m.submodules.scalars = scalars = BlockRam(width=32, depth=_SCALARS)
        wiring.connect(m, wiring.flipped(self.results), scratchpad.results)
        wiring.connect(m, scratchpad.trace, wiring.flipped(self.trace_scratchpad))

        # Operands.
        m.submodules.fetch = fetch = OperandFetch(
            lanes=lanes, bus_bits=self._bus_bits, half_interval=2,
            sum_interval=2 * SumReducer.interval(lanes // 2))
        wiring.connect(m, wiring.flipped(self.operand), fetch.operand)
        m.d.comb += [
            fetch.start.eq(start),
            fetch.command.eq(command),
            # When the operands have been read, the register of the pass: the scale of codes that are stored. A pass
            # with a reduction writes it, and has no use for it.
            scalars.read_enable.eq(fetch.scalar_enable | into[Sink.STORE] & ~(taking_sum | taking_max)),
            scalars.read_address.eq(Mux(fetch.scalar_enable, fetch.scalar_address, register)),
            fetch.scalar_data.eq(scalars.read_data),
            scratchpad.read_enable.eq(fetch.read_enable),
            scratchpad.read_stripe.eq(fetch.read_stripe),
            fetch.read_data.eq(scratchpad.read_data),
        ]

        # Results.
        sums = Signal(data.ArrayLayout(32, lanes))
        results = Signal(data.ArrayLayout(32, lanes), reset_less=True)
        for index in range(lanes):
            m.submodules[f"lane_{index}"] = lane = Lane()
            m.d.comb += [
                lane.a.eq(fetch.a[index]),
                lane.b.eq(fetch.b[index]),
                lane.c.eq(fetch.c[index]),
                sums[index].eq(lane.o),
            ]
        m.submodules.function = functions = StripeFunction(lanes=lanes)
        m.d.comb += [functions.function.eq(function), functions.stripe.eq(sums)]
        for index in range(lanes):
            m.d.sync += results[index].eq(Mux(hidden[index], 0, Mux(identity, sums[index], functions.o[index])))
        # What comes with the results is known one cycle ahead of them: a register for each of those who
        # listen.
        short = control_delay(m, Cat(fetch.fire, fetch.last), Lane.LATENCY, name="short")
        # A pass that takes the short way may not show here later, in the middle of the next one.
        long = control_delay(m, Mux(identity, 0, short), StripeFunction.LATENCY, name="long")
        m.d.comb += functions.arrives.eq(short[0])
        coming, coming_last, exists = Signal(), Signal(), Signal(lanes)
        valid, last, mask, counts = Signal(), Signal(), Signal(lanes), Signal(lanes)
        to_scratchpad, to_quantiser, to_memory, to_sum, to_max = Signal(), Signal(), Signal(), Signal(), Signal()
        finished = Signal()
        m.d.comb += [
            Cat(coming, coming_last).eq(Mux(identity, short, long)),
            exists.eq(Cat(~coming_last | (index <= last_lane) for index in range(lanes))),
            # From `sinks` to below `hidden`, and there may be none.
            hidden.eq(self._below(m, command.hidden, start, coming, "window")
                      & ~self._below(m, command.sinks, start, coming, "sinks")),
        ]
        m.d.sync += [
            valid.eq(coming),
            last.eq(coming_last),
            mask.eq(exists),
            counts.eq(exists & ~hidden),
            to_scratchpad.eq(coming & into[Sink.SCRATCHPAD]),
            to_quantiser.eq(coming & (into[Sink.COLUMN] | into[Sink.STORE])),
            to_memory.eq(coming & into[Sink.MEMORY]),
            to_sum.eq(coming & taking_sum),
            to_max.eq(coming & taking_max),
            finished.eq(coming & coming_last & (into[Sink.SCRATCHPAD] | into[Sink.NONE])),
        ]

        # To the scratchpad.
        with m.If(valid):
            m.d.sync += destination[lane_bits:].eq(destination[lane_bits:] + 1)
        m.d.comb += [
            scratchpad.write.valid.eq(to_scratchpad),
            scratchpad.write.payload.address.eq(destination),
            scratchpad.write.payload.mask.eq(mask),
            scratchpad.write.payload.data.eq(results),
        ]

        # To the x-buffer, and to DRAM as codes.
        m.submodules.quantiser = quantiser = Quantiser(lanes=lanes)
        m.d.comb += [
            quantiser.start.eq(start),
            quantiser.narrow.eq(into[Sink.STORE]),
            quantiser.code_bits.eq(code_bits),
            quantiser.scale.eq(scalars.read_data),
            quantiser.column.eq(column),
            quantiser.pad.eq(pad),
            quantiser.last_lane.eq(last_lane),
            quantiser.valid.eq(to_quantiser),
            quantiser.last.eq(last),
            quantiser.stripe.eq(results),
        ]
        wiring.connect(m, quantiser.x, wiring.flipped(self.x))
        wiring.connect(m, quantiser.codes, wiring.flipped(self.codes))

        # To DRAM as they are.
        m.submodules.serialiser = serialiser = ElementSerialiser(lanes=lanes)
        m.d.comb += [
            serialiser.start.eq(start),
            fetch.hold.eq(into[Sink.MEMORY] & serialiser.full),
            serialiser.reserve.eq(into[Sink.MEMORY] & fetch.leaves),
            serialiser.valid.eq(to_memory),
            serialiser.last.eq(last),
            serialiser.stripe.eq(results),
            serialiser.last_lane.eq(last_lane),
        ]
        wiring.connect(m, serialiser.elements, wiring.flipped(self.elements))

        # To a scalar, half a stripe at a time.
        m.submodules.halves = halves = HalfStripes(lanes=lanes)
        m.submodules.sum = total = SumReducer(lanes=lanes // 2)
        m.submodules.max = largest = MaxReducer(lanes=lanes // 2)
        m.d.comb += [halves.arrives.eq(valid), halves.stripe.eq(results), largest.magnitude.eq(by_magnitude)]
        upper_last = delay(m, last, name="upper_last")
        # A sum has a zero for what is hidden.
        for reducer, arrives, which, name in ((total, to_sum, mask, "mask"), (largest, to_max, counts, "counts")):
            upper = delay(m, which[lanes // 2:], name=f"upper_{name}")
            m.d.comb += [
                reducer.start.eq(start),
                reducer.valid.eq(arrives | control_delay(m, arrives, 1, name="upper")),
                reducer.last.eq(~arrives & upper_last),
                reducer.mask.eq(Mux(arrives, which[:lanes // 2], upper)),
                reducer.stripe.eq(halves.half),
            ]
        reduced = Signal()
        value = Signal(32, reset_less=True)
        m.d.sync += [
            reduced.eq(total.done | largest.done),
            value.eq(Mux(taking_sum, total.value, largest.value)),
        ]
        m.d.comb += [
            total.length.eq(command.length),
            scalars.write_enable.eq(reduced),
            scalars.write_address.eq(register),
            scalars.write_data.eq(value),
            self.trace_scalar.valid.eq(reduced),
            self.trace_scalar.payload.register.eq(register),
            self.trace_scalar.payload.value.eq(scalars.write_data),
        ]

        # The end.
        sinking, reducing = Signal(), Signal()
        sunk, complete = Signal(), Signal()
        m.d.comb += [
            sunk.eq(quantiser.done | serialiser.done | finished),
            complete.eq(busy & (~sinking | sunk) & (~reducing | reduced)),
        ]
        m.d.sync += self.done.eq(complete)
        with m.If(sunk):
            m.d.sync += sinking.eq(0)
        with m.If(reduced):
            m.d.sync += reducing.eq(0)
        with m.If(complete):
            m.d.sync += busy.eq(0)
        with m.If(start):
            m.d.sync += [
                busy.eq(1),
                sinking.eq(1),
                reducing.eq(command.reduce != Reduce.NONE),
            ]
        return m

    def _below(self, m, count, start, coming, name):
        """Which elements of the stripe that comes next are among the first ``count`` of the pass: a gate, registers."""
        lanes = self._vector.lanes
        lane_bits = (lanes - 1).bit_length()
        whole = Signal(reset_less=True, name=f"{name}_whole")
        left = Signal(len(count) - lane_bits, reset_less=True, name=f"{name}_left")     # stripes after that one
        part = Signal(lanes, reset_less=True, name=f"{name}_part")                      # of the stripe after these
        with m.If(coming):
            m.d.sync += [whole.eq(left != 0), left.eq(Mux(left != 0, left - 1, 0))]
            with m.If(~whole):
                m.d.sync += part.eq(0)
        with m.If(start):
            m.d.sync += [
                whole.eq(count[lane_bits:] != 0),
                left.eq(Mux(count[lane_bits:] != 0, count[lane_bits:] - 1, 0)),
                part.eq(Cat(count[:lane_bits] > lane for lane in range(lanes))),
            ]
        return whole.replicate(lanes) | part
