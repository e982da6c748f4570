"""The exact dot engine."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dot.accumulator import Accumulator
from gateware.dot.code_decoder import CodeDecoder
from gateware.dot.digit_array import DigitArray
from gateware.dot.sub_block_scaler import SubBlockScaler
from gateware.dot.sub_block_sums import SubBlockSums
from gateware.dot.layouts import CodeChunk, DISTANCE_BITS, EXPONENT_BITS, MINIMUM_BITS, sides
from gateware.dot.minimum_sums import MinimumSums
from gateware.dot.multiplier_array import MultiplierArray
from gateware.dot.result_serialiser import ResultSerialiser
from gateware.dot.row_aligner import RowAligner
from gateware.dot.row_sequencer import RowSequencer
from gateware.dot.scale_reader import ScaleReader
from gateware.dot.step_sequencer import StepSequencer
from gateware.dot.sub_scale_table import SubScaleTable
from gateware.dot.x_buffer import XBuffer, crossed
from gateware.isa import Scale, VECTOR_CODES
from gateware.layouts import CodeTableEntries, DotCommand, DotResult, QuantisedStripe
from gateware.numeric.delay import delay
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["DotEngine"]


class DotEngine(wiring.Component):
    r"""Rows of a streamed matrix times the vectors of the x-buffer, exactly.

    Computes :func:`gateware.exact.dot.exact_dot` bit for bit: 64-bit fixed-point sums, rounded once to fp32.
    Results come row by row, within a row by ascending logical column. In expand mode result i (row i, column
    0) is code i times its scale.

    A vector of codes takes 32 / lanes steps for each slot in use, one per cycle, and in an array of digits
    that many for every two bits of a code; with scales for half a vector each, at least two; of one bit, for a single
    vector of the x-buffer, half as many where there are two columns; beats are accepted in every cycle, from row
    to row and also with rows of one vector, as long as they are not faster. The first beat of a command is taken four
    cycles after the last step of the command before, without draining. The first result of a row follows its last beat,
    if that completes one vector, after 44 cycles with 32 lanes, 45 with 64, 46 with 16, 47 with 8 and 50 with 4; five
    cycles earlier without the decoder of sub-scales; one later for each digit but one, and one with two columns. Up to
    16 slots of totals are on their way: rows of a single beat, which have no scales, take 1.2 cycles instead of one.
    Results may be refused; nothing is lost then, the steps wait.

    ::

        beats -> RowAligner -> RowSequencer -> CodeDecoder -> MultiplierArray -> SubBlockScaler -> Accumulator -> out
                      |               |                             /                 /            / /
                      |         StepSequencer -> SubScaleTable ----/-----------------/            / /
                      |            |     \ x -> XBuffer ----------/------------------------------/ /
                      |            |     \ x -> SubBlockSums -> MinimumSums ----------------------/
                      \--------> ScaleReader -----------------------------------------------------/

    A command may have codes of every kind with scales of every kind, sub-scales (with FP16 scales of
    super-blocks, codes of at most 6 bits, one less if unsigned, or of kind TABLE with sub-scales of 6) and minimums
    (with FP16 scales), as far as
    ``dot.decoders`` has the parts.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    bus_bits : int
        Width of a beat: 32, 64, 128 or 256, at least ``dot.lanes``.
    vector_lanes : int
        Mantissas of a stripe: 2, 4, 8 or 16, at most ``dot.lanes``.

    Members
    -------
    command : In(stream)
        :data:`gateware.layouts.DotCommand`.
    table : In(stream)
        :data:`gateware.layouts.CodeTableEntries`: what codes of kind TABLE stand for in commands from now on.
        Only while no command is under way; takes 17 cycles.
    beats : In(stream)
        Bus words of the matrix, none of them before its command has been taken.
    x : In(stream)
        Stripes of mantissas into the x-buffer, always ready. Those of a column come in order and without
        stripes of another column between them; never while a command reads that column.
    results : Out(stream)
        :data:`gateware.layouts.DotResult`.

    Raises
    ------
    ValueError
        If beats or stripes do not fit the shape.
    """

    def __init__(self, *, dot, bus_bits, vector_lanes):
        dot.check_ports("DotEngine", bus_bits=bus_bits, vector_lanes=vector_lanes)
        self._dot, self._bus_bits, self._vector_lanes = dot, bus_bits, vector_lanes
        super().__init__({
            "command": In(stream.Signature(DotCommand)),
            "table": In(stream.Signature(CodeTableEntries)),
            "beats": In(stream.Signature(bus_bits)),
            "x": In(stream.Signature(QuantisedStripe(vector_lanes), always_ready=True)),
            "results": Out(stream.Signature(DotResult)),
        })

    def elaborate(self, platform):
        m = Module()
        dot, bus_bits = self._dot, self._bus_bits
        m.submodules.aligner = aligner = RowAligner(bus_bits=bus_bits)
        m.submodules.rows = rows = RowSequencer(dot=dot, bus_bits=bus_bits)
        m.submodules.chunks = chunks = SkidBuffer(shape=CodeChunk(dot, bus_bits))
        m.submodules.decoder = decoder = CodeDecoder(dot=dot, bus_bits=bus_bits)
        m.submodules.steps = steps = StepSequencer(dot=dot)
        m.submodules.scales = scales = ScaleReader(dot=dot, bus_bits=bus_bits)
        m.submodules.x_buffer = x_buffer = XBuffer(dot=dot, vector_lanes=self._vector_lanes)
        m.submodules.accumulator = accumulator = Accumulator(dot=dot)
        m.submodules.serialiser = serialiser = ResultSerialiser(dot=dot)

        connect(m, flipped(self.command), rows.command)
        connect(m, flipped(self.table), decoder.table)
        connect(m, flipped(self.beats), aligner.beats)
        connect(m, aligner.aligned, rows.beats)
        connect(m, rows.scales, scales.beats)
        connect(m, rows.chunks, chunks.i)
        connect(m, chunks.o, decoder.chunks)
        # Stripes go to all the block RAMs of a column, and to the sums: by way of a register.
        m.d.sync += [x_buffer.stripes.valid.eq(self.x.valid), x_buffer.stripes.p.eq(self.x.p)]
        connect(m, serialiser.results, flipped(self.results))

        # Cycle 0 of a step.
        step = steps.step.p
        m.d.comb += [
            aligner.start.eq(rows.start),
            aligner.active.eq(rows.active),
            aligner.last_scale_byte.eq(rows.last_scale_byte),
            aligner.last_sub.eq(rows.last_sub),
            rows.row_done.eq(steps.row_done),
            steps.start.eq(rows.start),
            steps.command.eq(self.command.p),
            steps.active.eq(rows.active),
            steps.shared.eq(rows.shared),
            steps.valid.eq(decoder.valid),
            steps.second.eq(decoder.second),
            steps.sub.eq(decoder.sub),
            steps.row_last.eq(decoder.row_last),
            steps.command_last.eq(decoder.command_last),
            steps.credit.eq(serialiser.credit),
            serialiser.reserve.eq(steps.step.valid & step.emit),
            decoder.elements.eq(rows.active.code_order),
            decoder.code_bits.eq(rows.active.code_bits),
            decoder.paired.eq(rows.active.paired),
            decoder.half.eq(step.half),
            decoder.kind.eq(rows.active.code_kind),
            decoder.shared.eq(rows.shared),
            decoder.halves.eq(rows.active.scale == Scale.UE4M3),
            decoder.done.eq(steps.done),
            decoder.position.eq(step.position),
            decoder.expand.eq(step.expand),
            scales.active.eq(rows.active),
            scales.last_byte.eq(rows.last_scale_byte),
            scales.row_done.eq(steps.row_done),
        ]
        self._send_step(m, steps, scales, 0)
        # Codes and mantissas meet at the multipliers; sums, scales and distances at the accumulator.
        lanes, columns = min(dot.lanes, VECTOR_CODES), dot.columns
        has_subs = "sub_scales" in dot.decoders
        kind = DigitArray if dot.array == "digits" else MultiplierArray
        arrays = [kind(lanes=lanes, columns=columns) for _ in accumulator.vectors]
        scalers = [SubBlockScaler(lanes=lanes, columns=columns, sub_scales=has_subs) for _ in arrays]
        at_scaler = CodeDecoder.LATENCY + arrays[0].latency
        at_sums = at_scaler + scalers[0].latency
        at_totals = at_sums + accumulator.latency
        x_start = CodeDecoder.LATENCY + kind.MANTISSA_CYCLE - XBuffer.LATENCY
        self._send_step(m, steps, x_buffer, x_start)
        expand, digit, first_digit = (
            delay(m, step[name], CodeDecoder.LATENCY, name=name) for name in ("expand", "digit", "first_digit"))
        first_part, last_digit = (delay(m, step[name], at_scaler, name=name) for name in ("first_part", "last_digit"))
        cross = delay(m, crossed(dot, step), at_scaler, name="cross")
        valid = Signal(at_scaler)
        m.d.sync += valid.eq(Cat(steps.step.valid, valid))
        subs = self._read_subs(m, rows, decoder, steps) if has_subs else None
        if has_subs:
            upper = delay(m, step.position[-1], at_scaler, name="upper")
            enable = delay(m, rows.active.sub_bits.any(), at_scaler, name="has_subs")
            early = CodeDecoder.SUBS_LATENCY + SubScaleTable.LATENCY
            sub_scales = subs.scales.shape()(delay(m, subs.scales, at_scaler - early, name="sub_scales"))
        kinds = [("scale", scales.distances, "distances")]
        if "minimums" in dot.decoders:
            self._sum_minimums(m, steps, scales, x_buffer, accumulator, subs, at_sums)
            kinds.append(("minimum", scales.minimum_distances, "minimum_distances"))
        mantissa_latency = at_sums - ScaleReader.MANTISSA_LATENCY
        for side, (array, scaler) in enumerate(zip(arrays, scalers)):
            m.submodules[f"array_{side}"] = array
            m.submodules[f"scaler_{side}"] = scaler
            first = side * lanes
            vector = accumulator.vectors[side]
            m.d.comb += [
                array.expand.eq(expand),
                scaler.sub_blocks.eq(array.sums),
                scaler.crossed.eq(cross),
                scaler.first_part.eq(first_part),
                scaler.valid.eq(valid[-1] & last_digit),
                vector.sums.eq(scaler.sums),
                vector.mantissa.eq(
                    delay(m, scales.mantissas[side], mantissa_latency, name=f"mantissa_{side}")),
            ]
            if has_subs:
                pair = [sub_scales[2 * side + number] for number in range(2)]
                if len(scaler.scales) == 1:
                    pair = [Mux(upper, pair[1], pair[0])]
                m.d.comb += [Cat(scaler.scales).eq(Cat(pair)), scaler.enable.eq(enable)]
            if kind is DigitArray:
                m.d.comb += [array.digit.eq(digit), array.first_digit.eq(first_digit)]
            for column in range(columns):
                mantissas = x_buffer.mantissas[column][first:first + lanes]
                codes = decoder.second_codes if column == 1 else decoder.codes
                m.d.comb += [
                    Cat(array.codes[column]).eq(Cat(codes[first:first + lanes])),
                    Cat(array.mantissas[column]).eq(Cat(mantissas)),
                ]
        self._align_distances(m, kinds, scales, x_buffer, accumulator, x_start, at_sums)

        # What the step has to say about the totals.
        complete = Signal(at_sums)
        emit = Signal(at_totals)
        m.d.sync += [
            complete.eq(Cat(steps.step.valid & step.complete, complete)),
            emit.eq(Cat(steps.step.valid & step.emit, emit)),
        ]
        notes = Signal(data.StructLayout({
            "first": 1, "half": 1, "slot": len(step.slot), "shared": 1, "unit": 1, "columns": len(step.columns),
            "row_last": 1, "command_last": 1}))
        m.d.comb += [
            notes.first.eq(step.first),
            notes.half.eq(step.half),
            notes.slot.eq(step.slot),
            notes.shared.eq(step.shared),
            notes.unit.eq(step.expand),
            notes.columns.eq(step.columns),
            notes.row_last.eq(step.row_last),
            notes.command_last.eq(step.command_last),
        ]
        at_array = notes.shape()(delay(m, notes, at_sums, name="notes_sums"))
        before_totals = notes.shape()(delay(m, at_array, accumulator.latency - 1, name="notes_totals"))
        m.d.comb += [
            accumulator.valid.eq(complete[-1]),
            accumulator.first.eq(at_array.first),
            accumulator.shared.eq(at_array.shared),
            accumulator.slot.eq(Cat(at_array.half, at_array.slot)),
            x_buffer.slot.eq(before_totals.slot),
            x_buffer.unit.eq(before_totals.unit),
        ]
        row_exponent = delay(m, scales.exponent, at_totals - 1 - scales.latency, name="exponent")
        totals = serialiser.totals
        at_serialiser = notes.shape()(delay(m, before_totals, name="notes_serialiser"))
        m.d.comb += [
            totals.valid.eq(emit[-1]),
            totals.p.columns.eq(at_serialiser.columns),
            totals.p.row_last.eq(at_serialiser.row_last),
            totals.p.command_last.eq(at_serialiser.command_last),
        ]
        for column in range(dot.columns):
            exponent = Signal(signed(EXPONENT_BITS), reset_less=True, name=f"exponent_{column}")
            m.d.sync += exponent.eq(row_exponent + x_buffer.largest[column])
            m.d.comb += [
                totals.p.values[column].eq(accumulator.totals[column]),
                totals.p.exponents[column].eq(exponent),
            ]
        return m

    def _send_step(self, m, steps, unit, cycles):
        """Connect the step input of ``unit``, some cycles late."""
        valid = steps.step.valid
        for cycle in range(cycles):
            late = Signal(name=f"valid_{cycle + 1}")
            m.d.sync += late.eq(valid)
            valid = late
        m.d.comb += [
            unit.step.valid.eq(valid),
            unit.step.p.eq(delay(m, steps.step.p, cycles, name="step")),
        ]

    def _read_subs(self, m, rows, decoder, steps):
        """The table of sub-scales: when the decoder has those of a step they are written, or those of the step read."""
        m.submodules.subs = subs = SubScaleTable(dot=self._dot)
        late = CodeDecoder.SUBS_LATENCY
        write = Signal(late)
        m.d.sync += write.eq(Cat(steps.sub_valid, write))
        late_command = rows.active.shape()(delay(m, rows.active, late, name="active"))
        self._send_step(m, steps, subs, late)
        m.d.comb += [
            subs.active.eq(late_command),
            subs.write_enable.eq(write[-1]),
            subs.write_word.eq(delay(m, steps.sub_word, late, name="sub_word")),
            subs.write_data.eq(decoder.subs),
        ]
        return subs

    def _sum_minimums(self, m, steps, scales, x_buffer, accumulator, subs, at_sums):
        """The minimums of a step, at the accumulator in cycle ``at_sums``."""
        dot = self._dot
        m.submodules.sub_blocks = sub_blocks = SubBlockSums(dot=dot, vector_lanes=self._vector_lanes)
        start, latency = at_sums - MinimumSums.LATENCY, at_sums - ScaleReader.MANTISSA_LATENCY
        self._send_step(m, steps, sub_blocks, start - SubBlockSums.LATENCY)
        m.d.comb += [sub_blocks.stripes.valid.eq(x_buffer.stripes.valid), sub_blocks.stripes.p.eq(x_buffer.stripes.p)]
        if subs is None:
            factors = [1 << MINIMUM_BITS - 1] * 2 * sides(dot)
        else:
            early = CodeDecoder.SUBS_LATENCY + SubScaleTable.LATENCY
            factors = subs.minimums.shape()(delay(m, subs.minimums, start - early, name="sub_minimums"))
        for side, vector in enumerate(accumulator.vectors):
            m.submodules[f"minimums_{side}"] = minimums = MinimumSums(dot.columns)
            for number in range(2):
                m.d.comb += minimums.minimums[number].eq(factors[2 * side + number])
                m.d.comb += [minimums.sub_blocks[column][number].eq(sub_blocks.sums[column][2 * side + number])
                             for column in range(dot.columns)]
            m.d.comb += [
                vector.minimum_sums.eq(minimums.sums),
                vector.minimum.eq(delay(m, scales.minimums[side], latency, name=f"minimum_{side}")),
            ]

    def _align_distances(self, m, kinds, scales, x_buffer, accumulator, x_start, at_sums):
        """Distances of scale and vector together, at most 63, at the accumulator in cycle ``at_sums``.

        ``kinds`` has names, distances from the scale reader, and names of the accumulator's inputs.
        """
        x_latency = x_start + XBuffer.DISTANCE_LATENCY
        early = max(scales.latency, x_latency)
        for column in range(self._dot.columns):
            # All vectors of a step belong to the same block.
            x_distance = delay(m, x_buffer.distances[column], early - x_latency, name="x_distance")
            for side, vector in enumerate(accumulator.vectors):
                for kind, distances, result in kinds:
                    name = f"{kind}_distance_{column}_{side}"
                    total = Signal(DISTANCE_BITS + 1, name=f"{name}_sum")
                    clamped = Signal(DISTANCE_BITS, reset_less=True, name=name)
                    m.d.comb += [
                        total.eq(delay(m, distances[side], early - scales.latency, name=name) + x_distance),
                        vector[result][column].eq(delay(m, clamped, at_sums - early - 1, name=name)),
                    ]
                    beyond = total[DISTANCE_BITS].replicate(DISTANCE_BITS)
                    m.d.sync += clamped.eq(total[:DISTANCE_BITS] | beyond)
