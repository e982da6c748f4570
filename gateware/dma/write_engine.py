"""Writes to DRAM: elements in, masked beats out."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.layouts import BurstRequest, ElementWrite, WriteBeat
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["WriteEngine"]


class WriteEngine(wiring.Component):
    """Gathers consecutive elements of one bus word into one masked beat, and writes it as a burst of one.

    A beat leaves when an element of another word arrives, or after an element with ``last``. Beats leave in
    order. Throughput one element per cycle, also when each lies in a word of its own; an element accepted
    leaves three cycles later at the earliest. The handshake outputs are registers.

    Parameters
    ----------
    bus_bits : int
        Width of a beat, a power of two of at least 32.

    Members
    -------
    writes : In(stream of ElementWrite)
        Each at a multiple of its size.
    write_request : Out(stream of BurstRequest)
    write_data : Out(stream of WriteBeat)
        One beat per request; either may be accepted first.
    write_done : In(1)
        A burst has been written, a read that is requested from now on sees it. One pulse per burst.
    idle : Out(1)
        No element is gathered, waits or is on its way; from registers, low from the cycle after the first
        element.
    beats : Out(1)
        Pulse for each beat that leaves.

    Raises
    ------
    ValueError
        If the width is not possible.
    """

    OUTSTANDING = 63
    """Most bursts that wait for ``write_done``."""

    def __init__(self, *, bus_bits):
        if bus_bits < 32 or bus_bits & bus_bits - 1:
            raise ValueError(f"Bus width must be a power of two of at least 32, not {bus_bits!r}")
        self._bytes = bus_bits // 8
        super().__init__({
            "writes": In(stream.Signature(ElementWrite)),
            "write_request": Out(stream.Signature(BurstRequest)),
            "write_data": Out(stream.Signature(WriteBeat(bus_bits))),
            "write_done": In(1),
            "idle": Out(1),
            "beats": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        byte_bits = self._bytes.bit_length() - 1
        # Whether the word that is gathered can take an element is not on the way back to its source. That it is
        # of another word than the element before, whose word is the one that is gathered, is found on the way in.
        m.submodules.element = source = SkidBuffer(
            shape=data.StructLayout({"element": ElementWrite, "other": 1}))
        m.submodules.request = request = SkidBuffer(shape=BurstRequest)
        m.submodules.data = out = SkidBuffer(shape=WriteBeat(8 * self._bytes))
        connect(m, request.o, flipped(self.write_request))
        connect(m, out.o, flipped(self.write_data))

        valid, closed = Signal(), Signal()  # a word is gathered; nothing more belongs to it
        word = Signal(32 - byte_bits, reset_less=True)
        gathered = Signal(data.ArrayLayout(8, self._bytes), reset_less=True)
        mask = Signal(self._bytes)
        outstanding = Signal(range(self.OUTSTANDING + 1))

        latest = Signal(32 - byte_bits, reset_less=True)
        m.d.comb += [
            source.i.valid.eq(self.writes.valid),
            source.i.p.element.eq(self.writes.p),
            source.i.p.other.eq(self.writes.p.address[byte_bits:] != latest),
            self.writes.ready.eq(source.i.ready),
        ]
        with m.If(self.writes.valid & self.writes.ready):
            m.d.sync += latest.eq(self.writes.p.address[byte_bits:])
        element = source.o.p.element
        element_word = element.address[byte_bits:]
        wide = element.size[1]
        # A single byte twice: so a byte of the word has two sources, not three.
        half = Cat(element.data[:8], Mux(element.size[0], element.data[8:16], element.data[:8]))
        element_mask = Signal(self._bytes)
        other, room, flush, accept = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            element_mask.eq(Mux(wide, 0b1111, Cat(1, element.size[0])) << element.address[:byte_bits]),
            other.eq(source.o.p.other),
            room.eq(request.i.ready & out.i.ready & (outstanding != self.OUTSTANDING)),
            flush.eq(valid & room & (closed | source.o.valid & other)),
            source.o.ready.eq(~valid | Mux(closed | other, room, 1)),
            accept.eq(source.o.valid & source.o.ready),
            request.i.valid.eq(flush),
            request.i.p.address.eq(word),
            request.i.p.length.eq(1),
            out.i.valid.eq(flush),
            out.i.p.data.eq(gathered),
            out.i.p.mask.eq(mask),
            self.idle.eq(~source.o.valid & ~valid & (outstanding == 0)),
            self.beats.eq(flush),
        ]
        m.d.sync += outstanding.eq(outstanding + flush - self.write_done)
        with m.If(flush):
            m.d.sync += [valid.eq(0), mask.eq(0)]
        with m.If(accept):
            m.d.sync += [
                valid.eq(1),
                closed.eq(element.last),
                word.eq(element_word),
                mask.eq(Mux(flush, 0, mask) | element_mask),
            ]
            for byte in range(self._bytes):
                # An element lies at a multiple of its size.
                with m.If(element_mask[byte]):
                    m.d.sync += gathered[byte].eq(
                        Mux(wide, element.data.word_select(byte % 4, 8), half.word_select(byte % 2, 8)))
        return m
