"""The exact dot engine."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dot.accumulator import Accumulator
from gateware.dot.code_decoder import CodeDecoder
from gateware.dot.layouts import DISTANCE_BITS, EXPONENT_BITS
from gateware.dot.multiplier_array import MultiplierArray
from gateware.dot.result_serialiser import ResultSerialiser
from gateware.dot.row_sequencer import RowSequencer
from gateware.dot.scale_reader import ScaleReader
from gateware.dot.step_sequencer import StepSequencer
from gateware.dot.x_buffer import XBuffer
from gateware.layouts import DotCommand, DotResult, QuantisedGroup
from gateware.numeric.delay import delay
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["DotEngine"]


class DotEngine(wiring.Component):
    r"""Rows of a streamed matrix times the vectors of the x-buffer, exactly.

    Computes :func:`gateware.dot.exact.exact_dot` bit for bit: 64-bit fixed-point sums, rounded once to fp32. Results
    come row by row, within a row by ascending logical column. In expand mode result i (row i, column 0) is code i
    times its scale.

    A vector of codes takes 32 / lanes steps for each slot in use, one per cycle; beats are accepted in every cycle,
    from row to row and also with rows of one vector, as long as they are not faster. A command follows two cycles
    after the last step of the one before, without draining. The result follows 32 to 37 cycles after its last beat
    (simulated, lanes 32 and 4). Up to 16 slots of totals are on their way: rows of a single beat, which have no scales,
    take 1.2 cycles instead of one. Results may be refused; nothing is lost then, the steps wait.

    Yosys 0.70, synth_ecp5, 32 lanes, 2 columns, 8 slots, 64-bit bus, 4 vector lanes, estimated: 4117 LUT4, 1440 CCU2C,
    14167 FF (of which 6528 belong to multipliers, into whose blocks a board can move them), 116 LUT RAMs of 16 x 4,
    70 MULT18X18D, 34 DP16KD.

    ::

        beats -> RowSequencer -> CodeDecoder ----\
                      |               |           MultiplierArray -> Accumulator -> ResultSerialiser -> results
                      |         StepSequencer     /                      /
                      |            |     \ x -> XBuffer ----------------/
                      \--------> ScaleReader --------------------------/

    Parameters
    ----------
    config : Config

    Members
    -------
    command : In(stream)
        :data:`gateware.layouts.DotCommand`.
    beats : In(stream)
        Bus words of the matrix.
    x : In(stream)
        Groups of mantissas into the x-buffer, always ready. Those of a column come in order and without groups of
        another column between them; never while a command reads that column.
    results : Out(stream)
        :data:`gateware.layouts.DotResult`.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "command": In(stream.Signature(DotCommand)),
            "beats": In(stream.Signature(config.bus_bits)),
            "x": In(stream.Signature(QuantisedGroup(config.vector_lanes), always_ready=True)),
            "results": Out(stream.Signature(DotResult)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.skid = skid = SkidBuffer(shape=config.bus_bits)
        m.submodules.rows = rows = RowSequencer(config)
        m.submodules.decoder = decoder = CodeDecoder(config)
        m.submodules.steps = steps = StepSequencer(config)
        m.submodules.scales = scales = ScaleReader(config)
        m.submodules.x_buffer = x_buffer = XBuffer(config)
        m.submodules.array = array = MultiplierArray(config)
        m.submodules.accumulator = accumulator = Accumulator(config)
        m.submodules.serialiser = serialiser = ResultSerialiser(config)

        connect(m, flipped(self.command), rows.command)
        connect(m, flipped(self.beats), skid.i)
        connect(m, skid.o, rows.beats)
        connect(m, rows.scales, scales.beats)
        connect(m, rows.chunks, decoder.chunks)
        connect(m, flipped(self.x), x_buffer.groups)
        connect(m, serialiser.results, flipped(self.results))

        # Cycle 0 of a step.
        step = steps.step.p
        m.d.comb += [
            rows.row_done.eq(steps.row_done),
            steps.start.eq(rows.start),
            steps.command.eq(self.command.p),
            steps.active.eq(rows.active),
            steps.valid.eq(decoder.valid),
            steps.row_last.eq(decoder.row_last),
            steps.command_last.eq(decoder.command_last),
            steps.credit.eq(serialiser.credit),
            serialiser.reserve.eq(steps.step.valid & step.emit),
            decoder.clear.eq(rows.start),
            decoder.elements.eq(rows.active.code_order),
            decoder.take.eq(steps.take),
            decoder.position.eq(step.position),
            decoder.expand.eq(step.expand),
            scales.active.eq(rows.active),
            scales.last_vector.eq(rows.last_vector),
            scales.row_done.eq(steps.row_done),
        ]
        for unit in scales, x_buffer:
            m.d.comb += [unit.step.valid.eq(steps.step.valid), unit.step.p.eq(step)]

        # Codes and mantissas meet at the multipliers; sums, scales and distances at the accumulator.
        assert CodeDecoder.LATENCY == XBuffer.LATENCY
        at_sums = CodeDecoder.LATENCY + array.latency
        at_totals = at_sums + Accumulator.LATENCY
        m.d.comb += [
            array.codes.eq(decoder.codes),
            array.mantissas.eq(x_buffer.mantissas),
            array.first_part.eq(delay(m, step.first_part, CodeDecoder.LATENCY, name="first_part")),
            array.expand.eq(delay(m, step.expand, CodeDecoder.LATENCY, name="expand")),
            accumulator.sums.eq(array.sums),
            accumulator.mantissa.eq(
                delay(m, scales.mantissa, at_sums - ScaleReader.MANTISSA_LATENCY, name="mantissa")),
        ]
        self._align_distances(m, scales, x_buffer, accumulator, at_sums)

        # What the step has to say about the totals.
        complete = Signal(at_sums)
        emit = Signal(at_totals)
        m.d.sync += [
            complete.eq(Cat(steps.step.valid & step.complete, complete)),
            emit.eq(Cat(steps.step.valid & step.emit, emit)),
        ]
        notes = Signal(data.StructLayout({
            "first": 1, "slot": len(step.slot), "unit": 1, "columns": len(step.columns),
            "row_last": 1, "command_last": 1}))
        m.d.comb += [
            notes.first.eq(step.first),
            notes.slot.eq(step.slot),
            notes.unit.eq(step.expand),
            notes.columns.eq(step.columns),
            notes.row_last.eq(step.row_last),
            notes.command_last.eq(step.command_last),
        ]
        at_array = notes.shape()(delay(m, notes, at_sums, name="notes_sums"))
        before_totals = notes.shape()(delay(m, at_array, Accumulator.LATENCY - 1, name="notes_totals"))
        m.d.comb += [
            accumulator.valid.eq(complete[-1]),
            accumulator.first.eq(at_array.first),
            accumulator.slot.eq(at_array.slot),
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
        for column in range(config.columns):
            exponent = Signal(signed(EXPONENT_BITS), reset_less=True, name=f"exponent_{column}")
            m.d.sync += exponent.eq(row_exponent + x_buffer.largest[column])
            m.d.comb += [
                totals.p.values[column].eq(accumulator.totals[column]),
                totals.p.exponents[column].eq(exponent),
            ]
        return m

    def _align_distances(self, m, scales, x_buffer, accumulator, at_sums):
        """Distances of scale and vector together, at most 63, at the accumulator in cycle ``at_sums``."""
        early = scales.latency
        for column in range(self._config.columns):
            x_distance = delay(m, x_buffer.distances[column], early - XBuffer.DISTANCE_LATENCY, name="x_distance")
            total = Signal(DISTANCE_BITS + 1, name=f"distance_sum_{column}")
            clamped = Signal(DISTANCE_BITS, reset_less=True, name=f"distance_{column}")
            m.d.comb += total.eq(scales.distance + x_distance)
            m.d.sync += clamped.eq(total[:DISTANCE_BITS] | total[DISTANCE_BITS].replicate(DISTANCE_BITS))
            m.d.comb += accumulator.distances[column].eq(
                delay(m, clamped, at_sums - early - 1, name=f"distance_{column}"))
