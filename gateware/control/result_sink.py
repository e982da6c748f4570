"""Where the results of the dot engine go."""

from amaranth.hdl import Assert, Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.control.layouts import SinkCommand
from gateware.isa import Sink
from gateware.layouts import DotResult, ElementWrite, ScratchpadWrite
from gateware.stream.lut_fifo import LutFifo

__all__ = ["ResultSink"]


class ResultSink(wiring.Component):
    """Takes the results of one ``DOT`` after another to where its command says.

    ``SCRATCHPAD``: result (row, column) to ``destination + column * destination_stride + row``. ``ARGMAX``
    (of one column only): the row of the largest result becomes ``argmax``, by the order -inf < -0 < +0 < inf
    < NaN, the lowest row of equals; with ``store_logits`` the results also go to DRAM, fp32, row 0 at
    ``store_base``.

    One result per cycle, in the order of the dot engine: columns 0, 1, ... of row 0, then of row 1, and so
    on. ``results.ready`` follows the ``ready`` of the place they go to.

    On ECP5: 121 LUT4, 51 CCU2C, 23 DPR16X4, 188 FF.

    Members
    -------
    command : In(stream of SinkCommand)
        Two wait at most; ``ready`` is a register.
    store_logits : In(1)
        Must not change while an ``ARGMAX`` instruction executes.
    results : In(stream of DotResult)
    scratchpad : Out(stream of ScratchpadWrite)
        From registers.
    writes : Out(stream of ElementWrite)
        From registers.
    argmax : Out(32)
        Row of the latest ``ARGMAX`` instruction.
    done : Out(1)
        Pulse: the last result of an instruction has been accepted where it goes.
    stored : Out(1)
        With ``done``: the sink is ``ARGMAX``.
    index : Out(16)
        Instruction of the result that ``scratchpad`` or ``writes`` offer, and of ``done``.
    """

    command: In(stream.Signature(SinkCommand))
    store_logits: In(1)
    results: In(stream.Signature(DotResult))
    scratchpad: Out(stream.Signature(ScratchpadWrite))
    writes: Out(stream.Signature(ElementWrite))
    argmax: Out(32)
    done: Out(1)
    stored: Out(1)
    index: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.submodules.commands = commands = LutFifo(shape=SinkCommand, depth=2)
        connect(m, flipped(self.command), commands.i)
        command, result = commands.o.p, self.results.p
        is_argmax = command.sink == Sink.ARGMAX

        # The result that is on its way; `last` ends its instruction.
        to_scratchpad, to_dram, nowhere, last = Signal(), Signal(), Signal(), Signal()
        accepted, take = Signal(), Signal()
        m.d.comb += [
            self.scratchpad.valid.eq(to_scratchpad),
            self.writes.valid.eq(to_dram),
            accepted.eq(~(to_scratchpad & ~self.scratchpad.ready | to_dram & ~self.writes.ready)),
            self.results.ready.eq(accepted & commands.o.valid & ~last),
            take.eq(self.results.valid & self.results.ready),
            self.done.eq(last & accepted),
            self.stored.eq(is_argmax),
            self.index.eq(command.index),
            commands.o.ready.eq(self.done),
        ]

        # Address of column 0 of row 0, then further by one column a result.
        column_base, base = Signal(20, reset_less=True), Signal(20)
        m.d.comb += base.eq(Mux(result.column == 0, command.destination, column_base))
        # Largest so far. Flipping the magnitude of negative floats makes their order that of integers.
        key, largest = Signal(signed(32)), Signal(signed(32), reset_less=True)
        best, empty = Signal(20, reset_less=True), Signal(init=1)
        m.d.comb += key.eq(Cat(result.value[:31] ^ result.value[31].replicate(31), result.value[31]))

        with m.If(accepted):
            m.d.sync += [to_scratchpad.eq(0), to_dram.eq(0), last.eq(0)]
        with m.If(take):
            m.d.sync += [
                to_scratchpad.eq(command.sink == Sink.SCRATCHPAD),
                to_dram.eq(is_argmax & self.store_logits),
                last.eq(result.last),
                column_base.eq(base + command.destination_stride),
                self.scratchpad.p.address.eq(base + result.row),
                self.scratchpad.p.value.eq(result.value),
                self.writes.p.address.eq(command.store_base + (result.row << 2)),
                self.writes.p.data.eq(result.value),
                self.writes.p.wide.eq(1),
                self.writes.p.last.eq(result.last),
            ]
            with m.If(is_argmax):
                m.d.sync += empty.eq(0)
                with m.If(empty | (key > largest)):
                    m.d.sync += [largest.eq(key), best.eq(result.row)]
        with m.If(self.done):
            m.d.sync += empty.eq(1)
            with m.If(is_argmax):
                m.d.sync += self.argmax.eq(best)

        previous = Signal.like(result.column)
        with m.If(take):
            m.d.sync += previous.eq(result.column)
            with m.If(result.column != 0):
                m.d.sync += Assert(result.column == previous + 1, "Results must come column by column")
        return m
