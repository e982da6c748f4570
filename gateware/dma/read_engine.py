"""Reads from DRAM: lines of data and instructions in, beats out."""

from amaranth.hdl import Assert, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.burst_splitter import BurstSplitter, LineBurst
from gateware.dma.layouts import DataBeat, InstructionRead, Line, TaggedBurst
from gateware.isa import INSTRUCTION_BITS
from gateware.layouts import BurstRequest
from gateware.stream.fifo import StreamFifo
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["ReadEngine"]


class ReadEngine(wiring.Component):
    """Turns lines and instruction reads into bursts, and sorts the beats that return.

    Data and instructions have a FIFO each, and a burst is requested only when its FIFO has room for all of
    it, so neither can block the other and ``read_data`` is never refused while a burst is outstanding. An
    instruction is requested before the next burst of data, even in the middle of a line: fetch never waits
    for a long matrix.

    Throughput one beat per cycle, one burst of data and one instruction every second cycle, up to
    ``OUTSTANDING`` bursts outstanding. ``data`` carries the beats of the lines in order, ``program`` those of the
    instructions. The handshake outputs towards the DRAM are registers.

    Parameters
    ----------
    bus_bits : int
        Width of a beat.
    depth : int
        Beats of the data FIFO, a power of two, at least 8.
    max_burst : int
        Longest burst in beats, a power of two; at most a quarter of the data FIFO is used.
    instructions : int
        Instructions that the program FIFO holds.

    Members
    -------
    lines : In(stream of Line)
    instructions : In(stream of InstructionRead)
    read_request : Out(stream of BurstRequest)
    read_index : Out(16)
        Index of the instruction that causes the burst offered on ``read_request``.
    read_data : In(stream of bus_bits)
    data : Out(stream of DataBeat)
    program : Out(stream of bus_bits)
    full : Out(1)
        In the cycle before, a burst of data waited for room in a FIFO that was at least half full of words that
        nobody had taken.
    outstanding : Out(1)
        Words have been requested and have not come.
    streaming : Out(1)
    stream : Out(16)
        A burst of data is about to be requested, and the index of its instruction.

    Raises
    ------
    ValueError
        If the data FIFO is too shallow.
    """

    OUTSTANDING = 16

    def __init__(self, *, bus_bits, depth, max_burst=64, instructions=4):
        if depth < 8 or depth & depth - 1:
            raise ValueError(f"Data FIFO depth must be a power of two of at least 8, not {depth!r}")
        self._bus_bits = bus_bits
        self._depth = depth
        self._max_burst = min(max_burst, depth // 4)
        self._instruction_beats = INSTRUCTION_BITS // bus_bits
        self._program_depth = instructions * self._instruction_beats
        super().__init__({
            "lines": In(stream.Signature(Line)),
            "instructions": In(stream.Signature(InstructionRead)),
            "read_request": Out(stream.Signature(BurstRequest)),
            "read_index": Out(16),
            "read_data": In(stream.Signature(bus_bits)),
            "data": Out(stream.Signature(DataBeat(bus_bits))),
            "program": Out(stream.Signature(bus_bits)),
            "full": Out(1),
            "outstanding": Out(1),
            "streaming": Out(1),
            "stream": Out(16),
        })

    def elaborate(self, platform):
        m = Module()
        longest = max(self._max_burst, self._instruction_beats)
        tag_layout = data.StructLayout({"program": 1, "last": 1, "more": range(longest)})
        m.submodules.splitter = splitter = BurstSplitter(max_burst=self._max_burst)
        m.submodules.request = request = SkidBuffer(shape=TaggedBurst)
        m.submodules.tags = tags = LutFifo(shape=tag_layout, depth=self.OUTSTANDING)
        m.submodules.data = data_fifo = StreamFifo(shape=DataBeat(self._bus_bits), depth=self._depth)
        m.submodules.program = program_fifo = StreamFifo(shape=self._bus_bits, depth=self._program_depth)
        # Whether a burst fits the room that is left is not on the way back to the source of lines.
        m.submodules.ahead = ahead = SkidBuffer(shape=LineBurst)
        connect(m, flipped(self.lines), splitter.lines)
        connect(m, splitter.bursts, ahead.i)
        connect(m, data_fifo.o, flipped(self.data))
        connect(m, program_fifo.o, flipped(self.program))

        # Requests. A FIFO's room is what no outstanding burst has claimed.
        data_room = Signal(range(self._depth + 1), init=self._depth)
        program_room = Signal(range(self._program_depth + 1), init=self._program_depth)
        # Whether what is offered fits is found out a cycle before it is taken; until then there is only more room.
        program_fits, data_fits = Signal(), Signal()
        slot, take_program, take_data = Signal(), Signal(), Signal()
        burst = ahead.o.payload
        length = burst.tagged.burst.length
        m.d.comb += [
            slot.eq(request.i.ready & tags.i.ready),
            take_program.eq(slot & program_fits),
            take_data.eq(slot & data_fits & ~program_fits),
            self.instructions.ready.eq(take_program),
            ahead.o.ready.eq(take_data),
            request.i.valid.eq(take_program | take_data),
            tags.i.valid.eq(take_program | take_data),
            tags.i.p.program.eq(take_program),
            self.read_request.valid.eq(request.o.valid),
            self.read_request.p.eq(request.o.p.burst),
            self.read_index.eq(request.o.p.index),
            request.o.ready.eq(self.read_request.ready),
        ]
        m.d.sync += [
            program_fits.eq(self.instructions.valid & ~take_program & (program_room >= self._instruction_beats)),
            data_fits.eq(ahead.o.valid & ~take_data & (data_room >= length)),
        ]
        # What has left makes room a cycle later: the user is far away.
        left, left_program = Signal(), Signal()
        m.d.sync += [
            left.eq(self.data.valid & self.data.ready),
            left_program.eq(self.program.valid & self.program.ready),
        ]
        # A memory that is slower than the units also uses up the room, with words that have yet to come.
        stored, arrived = Signal(range(self._depth + 2)), Signal()
        m.d.sync += [
            arrived.eq(data_fifo.i.valid),
            stored.eq(stored + arrived - left),
            self.full.eq(ahead.o.valid & (data_room < length) & (stored >= self._depth // 2)),
        ]
        with m.If(take_program):
            m.d.comb += [
                request.i.p.burst.address.eq(self.instructions.p.address),
                request.i.p.burst.length.eq(self._instruction_beats),
                request.i.p.index.eq(self.instructions.p.index),
                tags.i.p.more.eq(self._instruction_beats - 1),
            ]
        with m.Else():
            m.d.comb += [
                request.i.p.eq(burst.tagged),
                tags.i.p.more.eq(length - 1),
                tags.i.p.last.eq(burst.last),
            ]
        m.d.sync += [
            data_room.eq(data_room - Mux(take_data, length, 0) + left),
            program_room.eq(program_room - Mux(take_program, self._instruction_beats, 0) + left_program),
        ]

        # Replies: `current` is the burst whose beats arrive.
        current = Signal(tag_layout, reset_less=True)
        valid, beat, ends = Signal(), Signal(), Signal()
        m.d.comb += [
            self.read_data.ready.eq(valid),
            self.outstanding.eq(valid | tags.o.valid | request.o.valid),
            self.streaming.eq(ahead.o.valid),
            self.stream.eq(burst.tagged.index),
            beat.eq(self.read_data.valid & valid),
            ends.eq(current.more == 0),
            tags.o.ready.eq(~valid | beat & ends),
            data_fifo.i.valid.eq(beat & ~current.program),
            data_fifo.i.p.data.eq(self.read_data.payload),
            data_fifo.i.p.last.eq(current.last & ends),
            program_fifo.i.valid.eq(beat & current.program),
            program_fifo.i.payload.eq(self.read_data.payload),
        ]
        with m.If(tags.o.ready):
            m.d.sync += [valid.eq(tags.o.valid), current.eq(tags.o.payload)]
        with m.Elif(beat):
            m.d.sync += current.more.eq(current.more - 1)
        m.d.sync += [
            Assert(~data_fifo.i.valid | data_fifo.i.ready, "data FIFO overflow"),
            Assert(~program_fifo.i.valid | program_fifo.i.ready, "program FIFO overflow"),
        ]
        return m
