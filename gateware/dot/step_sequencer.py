"""Issues the steps of the multiplier array."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import DotStep, multiplied_bits, sides, sub_words
from gateware.isa import Scale, VECTOR_CODES
from gateware.layouts import DotCommand

__all__ = ["StepSequencer"]

_HALF_CODES = VECTOR_CODES // 2
_HALF_BITS = _HALF_CODES.bit_length() - 1


class StepSequencer(wiring.Component):
    """Steps through the parts of a vector of codes, within each of the slots that the command uses.

    One step per cycle, and the first step of a vector may follow the last one of the vector before. A vector
    takes ``32 / lanes`` steps per slot, or 32 if it is expanded. One of a pair of rows takes that for its
    lower halves in all slots, then for its upper halves: results come row by row. None of these is issued
    without a credit. A vector of sub-scales takes ``32 / lanes`` steps, which ``sub_valid`` marks instead.
    With 64 lanes, two vectors take the place of a vector. An array of digits takes every step once for each
    digit, lowest digit first. Where a scale is for half a vector, a step has at most 16 codes of each, and the sum over
    a half is complete by itself. Where two columns share a vector of the x-buffer, the vectors of a step are twice as
    many.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape

    Members
    -------
    start : In(1)
        ``command`` is being taken.
    command : In
    active : In
        The command in effect.
    shared : In(1)
        Two columns share a vector of the x-buffer. Constant during a command.
    valid : In(1)
        A vector is held; ``second``, ``sub``, ``row_last`` and ``command_last`` describe it.
    credit : In(1)
        There is room for the results of a step.
    done : Out(1)
        The step is the last one of the vector.
    row_done : Out(1)
        The step is the last one of a row.
    sub_valid : Out(1)
    sub_word : Out
        Number of the step among those of the row's sub-scales.
    step : Out(stream)
        Always taken.
    """

    def __init__(self, *, dot):
        self._dot = dot
        super().__init__({
            "start": In(1),
            "command": In(DotCommand),
            "active": In(DotCommand),
            "shared": In(1),
            "valid": In(1),
            "second": In(1),
            "sub": In(1),
            "row_last": In(1),
            "command_last": In(1),
            "credit": In(1),
            "done": Out(1),
            "row_done": Out(1),
            "sub_valid": Out(1),
            "sub_word": Out(range(sub_words(dot))),
            "step": Out(stream.Signature(DotStep(dot), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        dot, step = self._dot, self.step.p
        vectors = sides(dot)
        expand = self.active.expand & ~self.sub
        last_code = Mux(self.second, vectors * VECTOR_CODES - 1, VECTOR_CODES - 1)

        # The next step. What it is the last one of is known when it comes: `done` is the begin of the longest paths
        # of the engine, into every register of the code decoder.
        position = Signal.like(step.position)
        slot = Signal(range(max(dot.slots, 2)))
        half = Signal()
        vector = Signal.like(step.vector)
        columns_left = Signal.like(self.active.columns)  # logical columns from this slot on
        few_left = Signal()  # this slot has them all
        one_slot = Signal()  # the first slot has them all
        # With few lanes a step is never more than half a vector.
        halves = self.active.scale == Scale.UE4M3
        splits = dot.lanes > _HALF_CODES
        single_part = vectors * VECTOR_CODES == dot.lanes
        last_part = Signal()
        upper = position[_HALF_BITS]  # the step is of the upper half
        half_ends = Const(1) if splits else position[:_HALF_BITS] == _HALF_CODES - dot.lanes
        last_code_now = Signal()
        last_step = Signal()  # of a vector of codes, the digits aside

        last_digit, issued = Signal(), Signal()
        past_digits = Signal(3)
        if dot.array == "digits":
            # The codes of a step come at the earliest two cycles after the command.
            before_last = Signal(3)
            digits = (multiplied_bits(self.active) + 1) >> 1
            m.d.sync += before_last.eq(digits - 1)
            m.d.comb += [last_digit.eq(expand | self.sub | (past_digits == before_last)),
                         step.digit.eq(past_digits - before_last - 1)]
            with m.If(issued):
                m.d.sync += past_digits.eq(Mux(last_digit, 0, past_digits + 1))
        else:
            m.d.comb += last_digit.eq(1)
        ends_part = Mux(expand, last_code_now, last_part)
        last_of_slot = ends_part & last_digit
        last_slot = expand | self.sub | few_left
        last_half = half | ~self.active.paired
        m.d.comb += [
            self.step.valid.eq(self.valid & ~self.sub & self.credit),
            self.sub_valid.eq(self.valid & self.sub),
            issued.eq(self.valid & (self.sub | self.credit)),
            self.done.eq(self.valid & Mux(self.sub, last_part, self.credit & last_step & last_digit)),
            self.row_done.eq(self.done & self.row_last),

            step.vector.eq(vector),
            step.second.eq(self.second),
            step.position.eq(position),
            step.slot.eq(slot),
            step.half.eq(half),
            step.first_digit.eq(expand | (past_digits == 0)),
            step.last_digit.eq(last_digit),
            step.expand.eq(expand),
            step.shared.eq(self.shared),
            step.first_part.eq(expand | (position == 0) | halves & (position[:_HALF_BITS] == 0)),
            step.complete.eq(expand | last_of_slot | halves & half_ends & last_digit),
            step.first.eq(expand | (vector == 0) & ~(halves & upper)),
            step.emit.eq(expand | self.row_last & last_of_slot),
            step.columns.eq(Mux(expand, 0, Mux(last_slot, columns_left - 1, dot.columns - 1))),
            step.row_last.eq(expand | last_slot),
            step.command_last.eq(self.command_last & self.row_last & last_of_slot & last_slot & last_half),
        ]
        # Position, slot and half after this step, if it is issued.
        next_last_code = expand & (position == last_code - 1)
        if single_part:
            next_last_part = ~halves | expand | ~last_part
        else:
            next_last_part = ~expand & ~last_part & (position == vectors * VECTOR_CODES - 2 * dot.lanes)
        next_few_left, next_half, next_last_pass = Signal(), Signal(), Signal()
        m.d.comb += [next_few_left.eq(few_left), next_half.eq(half)]
        with m.If(last_of_slot & ~self.sub):
            m.d.comb += [
                next_few_left.eq(Mux(last_slot, one_slot, columns_left <= 2 * dot.columns)),
                next_half.eq(Mux(last_slot, ~last_half, half)),
            ]
        m.d.comb += next_last_pass.eq(next_few_left & (next_half | ~self.active.paired))
        with m.If(issued & last_digit):
            m.d.sync += [
                position.eq(Mux(ends_part, 0, position + Mux(
                    expand, 1, Mux(halves, min(dot.lanes, _HALF_CODES), dot.lanes)))),
                last_code_now.eq(next_last_code),
                last_step.eq(Mux(self.active.expand, next_last_code, next_last_part & next_last_pass)),
                few_left.eq(next_few_left),
                half.eq(next_half),
                last_part.eq(next_last_part),
            ]
        with m.If(self.step.valid):
            with m.If(last_of_slot):
                m.d.sync += [
                    slot.eq(Mux(last_slot, 0, slot + 1)),
                    columns_left.eq(Mux(last_slot, self.active.columns, columns_left - dot.columns)),
                ]
            with m.If(self.done):
                m.d.sync += vector.eq(Mux(self.row_last, 0, vector + Mux(self.shared, 2 * vectors, vectors)))
        with m.If(self.sub_valid):
            m.d.sync += self.sub_word.eq(self.sub_word + 1)
        with m.If(self.row_done):
            m.d.sync += self.sub_word.eq(0)
        with m.If(self.start):
            only = self.command.columns <= dot.columns
            m.d.sync += [
                columns_left.eq(self.command.columns),
                few_left.eq(only),
                one_slot.eq(only),
                last_step.eq(only & single_part & (self.command.scale != Scale.UE4M3) & ~self.command.expand
                             & ~self.command.paired),
                last_part.eq(single_part & (self.command.scale != Scale.UE4M3)),
            ]
        return m
