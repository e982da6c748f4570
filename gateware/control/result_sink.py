"""Where the results of the dot engine go."""

from amaranth.hdl import Assert, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.control.layouts import SinkCommand
from gateware.dot.slot_table import SlotTable
from gateware.isa import GROUP
from gateware.layouts import DotResult, ElementWrite, ScratchpadWrite
from gateware.numeric.delay import delay
from gateware.stream.lut_fifo import LutFifo

__all__ = ["ArgmaxWrite", "ResultSink"]

ArgmaxWrite = data.StructLayout({"column": 5, "row": 20})
"""The largest result of a column so far."""

_Largest = data.StructLayout({"key": signed(32), "row": 20})


class ResultSink(wiring.Component):
    """Takes the results of one ``DOT`` after another to where its command says.

    Result (row, column) goes to byte ``start + 4 * column * column_stride + row * row_stride`` of the scratchpad or of
    DRAM, or nowhere. With ``argmax`` the row of each column's largest result becomes its ``argmax``, by the order
    -inf < -0 < +0 < inf < NaN, the lowest row of equals.

    One result per cycle, in the order of the dot engine: columns 0, 1, ... of row 0, then of row 1, and so
    on. ``results.ready`` follows the ``ready`` of the place they go to.

    Members
    -------
    command : In(stream of SinkCommand)
        Two wait at most; ``ready`` is a register.
    results : In(stream of DotResult)
    scratchpad : Out(stream of ScratchpadWrite)
        From registers.
    writes : Out(stream of ElementWrite)
        From registers.
    member : In(5)
    argmax : Out(32)
        Row of the latest instruction with ``argmax`` for column ``member``, from the second cycle after its ``done``
        on; combinational.
    largest : Out(stream of ArgmaxWrite, always ready)
        Two cycles after a result that is larger than those before; the last of a column is its ``argmax``. For traces.
    largest_index : Out(16)
        Instruction of what ``largest`` offers.
    done : Out(1)
        Pulse: the last result of an instruction has been accepted where it goes.
    stored : Out(1)
        With ``done``: the results went to DRAM.
    index : Out(16)
        Instruction of the result that ``scratchpad`` or ``writes`` offer, and of ``done``.
    """

    command: In(stream.Signature(SinkCommand))
    results: In(stream.Signature(DotResult))
    scratchpad: Out(stream.Signature(ScratchpadWrite))
    writes: Out(stream.Signature(ElementWrite))
    member: In(5)
    argmax: Out(32)
    largest: Out(stream.Signature(ArgmaxWrite, always_ready=True))
    largest_index: Out(16)
    done: Out(1)
    stored: Out(1)
    index: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.submodules.commands = commands = LutFifo(shape=SinkCommand, depth=2)
        connect(m, flipped(self.command), commands.i)
        command, result = commands.o.p, self.results.p

        # The result that is on its way; `last` ends its instruction.
        to_scratchpad, to_dram, last = Signal(), Signal(), Signal()
        accepted, take = Signal(), Signal()
        m.d.comb += [
            self.scratchpad.valid.eq(to_scratchpad),
            self.writes.valid.eq(to_dram),
            accepted.eq(~(to_scratchpad & ~self.scratchpad.ready | to_dram & ~self.writes.ready)),
            self.results.ready.eq(accepted & commands.o.valid & ~last),
            take.eq(self.results.valid & self.results.ready),
            self.done.eq(last & accepted),
            self.stored.eq(command.memory),
            self.index.eq(command.index),
            commands.o.ready.eq(self.done),
        ]

        # The address of the result before, a column further, or a row further than the row before. The sums need not
        # wait for the number of the column.
        address = Signal(32)
        latest, row_address = Signal(32, reset_less=True), Signal(32, reset_less=True)
        begins = Signal(init=1)
        m.d.comb += [
            address.eq(Mux(begins, command.start, Mux(result.column == 0, row_address + command.row_stride,
                                                      latest + (command.column_stride << 2)))),
            self.scratchpad.p.address.eq(latest[2:]),
            self.writes.p.address.eq(latest),
        ]
        # Largest so far of each column: read in one cycle, compared in the next, written in the third. The result
        # before may be under comparison when the next one of its column comes. So that one is compared with it as
        # well, and never waits for an outcome.
        m.submodules.table = largest = SlotTable(shape=_Largest, slots=GROUP, reads=2)
        new, written = (Signal(_Largest, reset_less=True, name=name) for name in ("new", "written"))
        old, before = (Signal(signed(32), reset_less=True, name=name) for name in ("old", "before"))
        column, comes, larger = Signal(5, reset_less=True), Signal(), Signal()
        # Of row 0; the result before is of the same column; and that one is of row 0, so that it is the only one.
        first, follows, second = (Signal(reset_less=True, name=name) for name in ("first", "follows", "second"))
        m.d.comb += [
            larger.eq(comes & (first | (second | (new.key > old)) & (~follows | (new.key > before)))),
            largest.read_slot0.eq(result.column),
            largest.write_slot.eq(self.largest.p.column),
            largest.write_data.eq(written),
            largest.write_enable.eq(self.largest.valid),
            largest.read_slot1.eq(self.member),
            self.argmax.eq(largest.read_data1.row),
        ]
        same = comes & (column == result.column)
        m.d.sync += [
            comes.eq(take & command.argmax),
            first.eq(result.row == 0),
            follows.eq(same),
            second.eq(same & first),
            column.eq(result.column),
            # Flipping the magnitude of negative floats makes their order that of integers.
            new.key.eq(Cat(result.value[:31] ^ result.value[31].replicate(31), result.value[31])),
            new.row.eq(result.row),
            before.eq(new.key),
            # What is being written is not in the table yet.
            old.eq(Mux(self.largest.valid & (self.largest.p.column == result.column), written.key,
                       largest.read_data0.key)),
            self.largest.valid.eq(larger),
            self.largest.p.column.eq(column),
            written.eq(new),
        ]
        m.d.comb += [
            self.largest.p.row.eq(written.row),
            self.largest_index.eq(delay(m, command.index, 2, name="index")),
        ]

        with m.If(accepted):
            m.d.sync += [to_scratchpad.eq(0), to_dram.eq(0), last.eq(0)]
        with m.If(take):
            m.d.sync += [
                to_scratchpad.eq(command.scratchpad),
                to_dram.eq(command.memory),
                last.eq(result.last),
                begins.eq(result.last),
                latest.eq(address),
                self.scratchpad.p.value.eq(result.value),
                self.writes.p.data.eq(result.value),
                self.writes.p.size.eq(2),
                self.writes.p.last.eq(result.last),
            ]

        with m.If(take & (result.column == 0)):
            m.d.sync += row_address.eq(address)

        previous = Signal.like(result.column)
        with m.If(take):
            m.d.sync += [
                previous.eq(result.column),
                Assert(begins == ((result.row == 0) & (result.column == 0)), "An instruction's results begin at row 0"),
            ]
            with m.If(result.column != 0):
                m.d.sync += Assert(result.column == previous + 1, "Results must come column by column")
        return m
