"""A stream of bytes as registers on AXI."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.stream.fifo import StreamFifo

__all__ = ["AxiLinkPort", "AxiRegisterSignature"]

_INCREMENTING = 1
"""The code of a burst whose addresses count up."""


def AxiRegisterSignature(id_bits):
    """The channels of an AXI3 port of 32 bits, as its master sees them.

    ``more`` counts the beats after the first. Beats are taken to be 4 bytes wide; all replies are OKAY.
    """
    address = data.StructLayout({"address": 32, "more": 4, "burst": 2, "id": id_bits})
    return wiring.Signature({
        "aw": Out(stream.Signature(address)),
        "w": Out(stream.Signature(data.StructLayout({"data": 32, "strobe": 4, "last": 1}))),
        "b": In(stream.Signature(data.StructLayout({"response": 2, "id": id_bits}))),
        "ar": Out(stream.Signature(address)),
        "r": In(stream.Signature(data.StructLayout({"data": 32, "response": 2, "last": 1, "id": id_bits}))),
    })


class AxiLinkPort(wiring.Component):
    """Between a processor and the streams of bytes of the link: a FIFO each way, behind two registers
    (:mod:`soc.link.byte_registers`).

    ::

        address       written                             read
        0   DATA      bits 0..7: a byte to the board      bits 0..7: a byte from it, taken; bit 8: there was one
        4   LEVELS    nothing                             bits 0..15: bytes that may be written,
                                                          bits 16..31: bytes that can be read

    Higher address bits are not looked at. A byte is written if its strobe is set. Nothing waits for the link, so the
    processor is never stopped: a byte without room is lost (``dropped``), an empty FIFO reads as 0. A host that writes
    no more than LEVELS allows loses nothing.

    Bursts of any length and kind are taken, those that increment alternate between the registers. A write burst takes
    a cycle per beat and two more, a read burst two per beat and one more; one of each is under way at a time, in the
    order of the master. Handshake outputs are registers' functions; what is offered stays until it is taken.

    Parameters
    ----------
    id_bits : int
        Of the bus; a reply has the ID of its request.
    depth : int
        Bytes that each FIFO holds, at most 65535.

    Members
    -------
    bus : In(AxiRegisterSignature)
    to_link : Out(stream of 8)
    from_link : In(stream of 8)
    dropped : Out(1)
        Pulse: a byte was lost.

    Raises
    ------
    ValueError
        If the depth is out of range.
    """

    def __init__(self, *, id_bits=12, depth=2048):
        if depth not in range(2, 1 << 16):
            raise ValueError(f"Bytes of a FIFO must be 2..65535, not {depth!r}")
        self._depth = depth
        super().__init__({
            "bus": In(AxiRegisterSignature(id_bits)),
            "to_link": Out(stream.Signature(8)),
            "from_link": In(stream.Signature(8)),
            "dropped": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.written = written = StreamFifo(shape=8, depth=self._depth)
        m.submodules.waiting = waiting = StreamFifo(shape=8, depth=self._depth)
        connect(m, written.o, flipped(self.to_link))
        connect(m, flipped(self.from_link), waiting.i)
        self._write(m, written)
        self._read(m, written, waiting)
        return m

    def _write(self, m, written):
        bus, burst = self.bus, Signal.like(self.bus.aw.payload)
        word = Signal()
        pushed = bus.w.valid & bus.w.ready & ~word & bus.w.p.strobe[0]
        m.d.comb += [
            written.i.valid.eq(pushed),
            written.i.payload.eq(bus.w.p.data[:8]),
            self.dropped.eq(pushed & ~written.i.ready),
            bus.b.p.id.eq(burst.id),
        ]
        with m.FSM(name="write"):
            with m.State("ADDRESS"):
                m.d.comb += bus.aw.ready.eq(1)
                m.d.sync += [burst.eq(bus.aw.payload), word.eq(bus.aw.p.address[2])]
                with m.If(bus.aw.valid):
                    m.next = "DATA"
            with m.State("DATA"):
                m.d.comb += bus.w.ready.eq(1)
                with m.If(bus.w.valid):
                    m.d.sync += word.eq(word ^ (burst.burst == _INCREMENTING))
                    with m.If(bus.w.p.last):
                        m.next = "REPLY"
            with m.State("REPLY"):
                m.d.comb += bus.b.valid.eq(1)
                with m.If(bus.b.ready):
                    m.next = "ADDRESS"

    def _read(self, m, written, waiting):
        bus, burst = self.bus, Signal.like(self.bus.ar.payload)
        word, room = Signal(), Signal(16)
        # The FIFO's output holds a few bytes more than its depth: they are kept back.
        m.d.comb += [
            room.eq(Mux(written.level < self._depth, self._depth - written.level, 0)),
            bus.r.p.last.eq(burst.more == 0),
            bus.r.p.id.eq(burst.id),
        ]
        with m.FSM(name="read"):
            with m.State("ADDRESS"):
                m.d.comb += bus.ar.ready.eq(1)
                m.d.sync += [burst.eq(bus.ar.payload), word.eq(bus.ar.p.address[2])]
                with m.If(bus.ar.valid):
                    m.next = "FETCH"
            with m.State("FETCH"):
                with m.If(word):
                    m.d.sync += bus.r.p.data.eq(Cat(room, waiting.level))
                with m.Else():
                    m.d.comb += waiting.o.ready.eq(1)
                    m.d.sync += bus.r.p.data.eq(Mux(waiting.o.valid, Cat(waiting.o.payload, 1), 0))
                m.next = "DATA"
            with m.State("DATA"):
                m.d.comb += bus.r.valid.eq(1)
                with m.If(bus.r.ready):
                    m.d.sync += [burst.more.eq(burst.more - 1), word.eq(word ^ (burst.burst == _INCREMENTING))]
                    m.next = "FETCH"
                    with m.If(burst.more == 0):
                        m.next = "ADDRESS"
