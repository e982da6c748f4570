"""Reads the program."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dma.layouts import InstructionRead
from gateware.isa import INSTRUCTION_BITS, Opcode
from gateware.layouts import InstructionLayout

__all__ = ["ProgramFetch"]


class ProgramFetch(wiring.Component):
    """Reads instructions one after another, from ``start`` until an ``END`` has come.

    Reads run ahead as far as the reader takes them, so a few instructions beyond ``END`` are read and
    dropped: the memory there must be readable. An instruction takes one cycle more than it has bus words.

    Parameters
    ----------
    bus_bits : int
        Width of a bus word.

    Members
    -------
    start : In(1)
        Begin with the instruction at ``program``. Only while ``idle``.
    program : In(32)
        Bus word of the first instruction; must be a multiple of an instruction's size.
    reads : Out(stream of InstructionRead)
        From registers.
    beats : In(stream of bus_bits)
        What was read. ``ready`` is a register.
    instruction : Out(stream of InstructionLayout)
        In order, ``END`` included.
    idle : Out(1)
        Nothing is being read.
    """

    IN_FLIGHT = 15
    """Most instructions requested and not yet complete."""

    def __init__(self, *, bus_bits):
        self._bus_bits = bus_bits
        super().__init__({
            "start": In(1),
            "program": In(32),
            "reads": Out(stream.Signature(InstructionRead)),
            "beats": In(stream.Signature(bus_bits)),
            "instruction": Out(stream.Signature(InstructionLayout)),
            "idle": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        beats = INSTRUCTION_BITS // self._bus_bits
        read = Signal(InstructionRead, reset_less=True)
        reading, offered = Signal(), Signal()  # more are wanted; one is offered
        in_flight = Signal(range(self.IN_FLIGHT + 1))
        word = Signal(INSTRUCTION_BITS, reset_less=True)
        beat, full = Signal(range(beats)), Signal()
        complete, ended = Signal(), Signal()
        requested = Signal()
        m.d.comb += [
            self.reads.valid.eq(offered),
            self.reads.payload.eq(read),
            requested.eq(offered & self.reads.ready),
            self.beats.ready.eq(~full),
            complete.eq(self.beats.valid & ~full & (beat == beats - 1)),
            self.instruction.valid.eq(full),
            self.instruction.payload.eq(word),
            ended.eq(full & (self.instruction.p.opcode == Opcode.END)),
            self.idle.eq(~reading & ~offered & (in_flight == 0)),
        ]
        m.d.sync += in_flight.eq(in_flight + requested - complete)
        with m.If(requested):
            m.d.sync += [read.address.eq(read.address + beats), read.index.eq(read.index + 1)]
        # What is offered stays offered until it is taken, even if nobody wants it any more.
        with m.If(~offered | self.reads.ready):
            m.d.sync += offered.eq(reading & ~ended & (in_flight < self.IN_FLIGHT - 1))
        with m.If(self.beats.valid & ~full):
            m.d.sync += [word.eq(Cat(word, self.beats.payload)[self._bus_bits:]), beat.eq(beat + 1)]
            with m.If(complete):
                # What comes after END is dropped.
                m.d.sync += [beat.eq(0), full.eq(reading)]
        with m.If(full & self.instruction.ready):
            m.d.sync += full.eq(0)
        with m.If(ended):
            m.d.sync += reading.eq(0)
        with m.If(self.start):
            m.d.sync += [reading.eq(1), read.address.eq(self.program), read.index.eq(0)]
        return m
