"""Issues the steps of the multiplier array."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import DotStep
from gateware.isa import VECTOR_CODES
from gateware.layouts import DotCommand

__all__ = ["StepSequencer"]


class StepSequencer(wiring.Component):
    """Steps through the parts of a vector of codes, within each of the slots that the command uses.

    One step per cycle, and the first step of a vector may follow the last one of the vector before. A vector takes
    ``32 / lanes`` steps per slot, or 32 if it is expanded. Nothing is issued without a credit.

    Parameters
    ----------
    config : Config

    Members
    -------
    start : In(1)
        ``command`` is being taken.
    command : In
    active : In
        The command in effect.
    valid : In(1)
        A vector is assembled; ``row_last`` and ``command_last`` describe it.
    credit : In(1)
        There is room for the results of a step.
    take : Out(1)
        The step is the first one of the assembled vector.
    row_done : Out(1)
        The step is the last one of a row.
    step : Out(stream)
        Always taken.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "start": In(1),
            "command": In(DotCommand),
            "active": In(DotCommand),
            "valid": In(1),
            "row_last": In(1),
            "command_last": In(1),
            "credit": In(1),
            "take": Out(1),
            "row_done": Out(1),
            "step": Out(stream.Signature(DotStep(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config, step, expand = self._config, self.step.p, self.active.expand

        # The next step.
        fresh = Signal(init=1)  # it is the first one of a vector
        position = Signal.like(step.position)
        slot = Signal(range(max(config.slots, 2)))
        vector = Signal.like(step.vector)
        columns_left = Signal.like(self.active.columns)  # logical columns from this slot on
        # What the assembled vector was when it was taken.
        held_row_last = Signal()
        held_command_last = Signal()

        row_last, command_last, last_part, last_slot, last_step = (Signal() for _ in range(5))
        m.d.comb += [
            self.step.valid.eq(self.credit & (self.valid | ~fresh)),
            self.take.eq(self.step.valid & fresh),
            row_last.eq(Mux(fresh, self.row_last, held_row_last)),
            command_last.eq(Mux(fresh, self.command_last, held_command_last)),
            last_part.eq(position == Mux(expand, VECTOR_CODES - 1, VECTOR_CODES - config.lanes)),
            last_slot.eq(expand | (columns_left <= config.columns)),
            last_step.eq(last_part & last_slot),
            self.row_done.eq(self.step.valid & row_last & last_step),

            step.vector.eq(vector),
            step.position.eq(position),
            step.slot.eq(slot),
            step.expand.eq(expand),
            step.first_part.eq(expand | (position == 0)),
            step.complete.eq(expand | last_part),
            step.first.eq(expand | (vector == 0)),
            step.emit.eq(expand | row_last & last_part),
            step.columns.eq(Mux(expand, 0, Mux(last_slot, columns_left - 1, config.columns - 1))),
            step.row_last.eq(expand | last_slot),
            step.command_last.eq(command_last & row_last & last_step),
        ]
        with m.If(self.take):
            m.d.sync += [held_row_last.eq(self.row_last), held_command_last.eq(self.command_last)]
        with m.If(self.step.valid):
            m.d.sync += [
                fresh.eq(last_step),
                position.eq(position + Mux(expand, 1, config.lanes)),
            ]
            with m.If(last_part):
                m.d.sync += [
                    slot.eq(Mux(last_slot, 0, slot + 1)),
                    columns_left.eq(Mux(last_slot, self.active.columns, columns_left - config.columns)),
                ]
            with m.If(last_step):
                m.d.sync += vector.eq(Mux(row_last, 0, vector + 1))
        with m.If(self.start):
            m.d.sync += columns_left.eq(self.command.columns)
        return m
