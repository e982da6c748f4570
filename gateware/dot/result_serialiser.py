"""Totals of a slot to fp32 results, one after another."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import EXPONENT_BITS, EngineTotals, TOTAL_BITS
from gateware.layouts import DotResult
from gateware.numeric.delay import delay
from gateware.numeric.integer_to_fp32 import IntegerToFp32
from gateware.stream.lut_fifo import LutFifo

__all__ = ["ResultSerialiser"]


class ResultSerialiser(wiring.Component):
    """Rounds the totals of the wanted columns to fp32, one per cycle, and numbers them.

    Totals cannot be refused. Who wants to send some reserves a place when it begins to compute them, which it
    may in every cycle with ``credit``. There are ``DEPTH`` places, each for the totals of one slot; they are
    free again a cycle after the conversion has begun. Behind the conversion, which cannot be stopped, is room for all
    the results inside it.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape

    Members
    -------
    credit : Out(1)
    reserve : In(1)
    totals : In(stream)
        Always ready.
    results : Out(stream)
    """

    DEPTH = 16

    def __init__(self, *, dot):
        self._dot = dot
        super().__init__({
            "credit": Out(1, init=1),
            "reserve": In(1),
            "totals": In(stream.Signature(EngineTotals(dot), always_ready=True)),
            "results": Out(stream.Signature(DotResult)),
        })

    def elaborate(self, platform):
        m = Module()
        columns = self._dot.columns
        m.submodules.waiting = waiting = LutFifo(shape=EngineTotals(self._dot), depth=self.DEPTH)
        m.d.comb += [waiting.i.valid.eq(self.totals.valid), waiting.i.p.eq(self.totals.p)]

        # One of the columns of the first totals.
        totals = waiting.o.p
        column = Signal(range(max(columns, 2)))
        begin, last_column = Signal(), Signal()
        m.d.comb += [
            last_column.eq(column == totals.columns),
            waiting.o.ready.eq(begin & last_column),
        ]
        with m.If(begin):
            m.d.sync += column.eq(Mux(last_column, 0, column + 1))

        reserved = Signal(range(self.DEPTH + 1))
        kept = Signal.like(reserved)
        freed = Signal()  # a place, one cycle late: who takes totals away is decided too late for `credit`
        m.d.comb += kept.eq(reserved - freed)
        m.d.sync += [
            freed.eq(waiting.o.ready),
            reserved.eq(kept + self.reserve),
            self.credit.eq(Mux(self.reserve, kept != self.DEPTH - 1, kept != self.DEPTH)),
        ]

        # Conversion: it takes what is selected, a cycle later.
        value = Signal(signed(TOTAL_BITS), reset_less=True)
        exponent = Signal(signed(EXPONENT_BITS), reset_less=True)
        m.submodules.convert = convert = IntegerToFp32()
        latency = IntegerToFp32.LATENCY + 1
        m.d.sync += [
            value.eq(_select(totals.values, column, columns)),
            exponent.eq(_select(totals.exponents, column, columns)),
        ]
        m.d.comb += [convert.mantissa.eq(value), convert.exponent.eq(exponent)]
        row_last = delay(m, totals.row_last & last_column, latency, name="row_last")
        command_last = delay(m, totals.command_last & last_column, latency, name="command_last")
        valid = Signal(latency)
        m.d.sync += valid.eq(Cat(begin, valid))

        # Results: one fits for each that is converted or stored.
        depth = latency + 4
        entry = data.StructLayout({"value": 32, "row_last": 1, "command_last": 1})
        m.submodules.finished = finished = LutFifo(shape=entry, depth=depth)
        inside = Signal(range(depth + 1))
        inside_next = Signal.like(inside)
        room = Signal(init=1)
        pop = self.results.valid & self.results.ready
        m.d.comb += [
            begin.eq(waiting.o.valid & room),
            inside_next.eq(inside + begin - pop),
            finished.i.valid.eq(valid[-1]),
            finished.i.p.value.eq(convert.o),
            finished.i.p.row_last.eq(row_last),
            finished.i.p.command_last.eq(command_last),
            finished.o.ready.eq(self.results.ready),
        ]
        m.d.sync += [inside.eq(inside_next), room.eq(inside_next != depth)]

        # Numbers.
        result_column = Signal(5)
        result_row = Signal(20)
        m.d.comb += [
            self.results.valid.eq(finished.o.valid),
            self.results.p.value.eq(finished.o.p.value),
            self.results.p.column.eq(result_column),
            self.results.p.row.eq(result_row),
            self.results.p.last.eq(finished.o.p.command_last),
        ]
        with m.If(pop):
            m.d.sync += result_column.eq(result_column + 1)
            with m.If(finished.o.p.row_last):
                m.d.sync += [result_column.eq(0), result_row.eq(result_row + 1)]
            with m.If(finished.o.p.command_last):
                m.d.sync += result_row.eq(0)
        return m


def _select(array, index, count):
    """Element ``index`` of an array of ``count``."""
    value = array[0]
    for number in range(1, count):
        value = Mux(index == number, array[number], value)
    return value
