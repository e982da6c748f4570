"""Burst writes over an AXI port."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.axi import AxiAddress, AxiWriteSignature, MOST_BEATS
from gateware.layouts import BurstRequest, WriteBeat
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["AxiWriter"]


class AxiWriter(wiring.Component):
    """Each bus word becomes an AXI burst of its own, so none crosses a boundary of 4 KiB.

    The accelerator writes single words. The reply to an AXI write says that every later read sees it;
    ``write_done`` comes with that of a burst's last word. Up to ``outstanding`` AXI bursts are under way.
    Throughput one bus word in one cycle more than it has beats. Handshake outputs are registers or constant,
    and what is offered stays until it is taken.

    Parameters
    ----------
    bus_bits, port_bits : int
        Widths of a bus word and of the AXI port, powers of two; the bus at least as wide as the port, and at
        most 16 times.
    base : int
        AXI address of bus word 0, a multiple of 4096.
    outstanding : int
        2..64; a Zynq's port takes 8.

    Members
    -------
    write_request : In(stream of BurstRequest)
    write_data : In(stream of WriteBeat)
    write_done : Out(1)
        A pulse for each burst, in order.
    port : Out(AxiWriteSignature)
    error : Out(1)
        A reply was not OKAY, some time ago.

    Raises
    ------
    ValueError
        If a parameter is not possible.
    """

    def __init__(self, *, bus_bits, port_bits=64, base=0, outstanding=8):
        if bus_bits not in [port_bits << n for n in range(5)]:
            raise ValueError(f"Bus width must be 1, 2, 4, 8 or 16 times the {port_bits} bits of a port, "
                             f"not {bus_bits!r}")
        if base % 4096:
            raise ValueError(f"Base address must be a multiple of 4096, not {base!r}")
        self._bus_bits, self._port_bits, self._base = bus_bits, port_bits, base
        assert bus_bits // port_bits <= MOST_BEATS
        super().__init__({
            "write_request": In(stream.Signature(BurstRequest)),
            "write_data": In(stream.Signature(WriteBeat(bus_bits))),
            "write_done": Out(1),
            "port": Out(AxiWriteSignature(port_bits)),
            "error": Out(1),
        })
        # Members, so that a proof can look into them.
        self.waiting = LutFifo(shape=1, depth=outstanding)
        self.address_buffer = SkidBuffer(shape=AxiAddress)
        self.data_buffer = SkidBuffer(shape=self.port.w.payload.shape())
        self.active = Signal()
        self.place, self.left = Signal(32, reset_less=True), Signal(16, reset_less=True)
        self.word = Signal(WriteBeat(bus_bits), reset_less=True)
        self.beats_left = Signal(range(bus_bits // port_bits + 1))

    def elaborate(self, platform):
        m = Module()
        ratio, byte_bits = self._bus_bits // self._port_bits, (self._bus_bits // 8).bit_length() - 1
        m.submodules.address = address = self.address_buffer
        m.submodules.data = beats = self.data_buffer
        m.submodules.waiting = waiting = self.waiting
        connect(m, address.o, flipped(self.port.aw))
        connect(m, beats.o, flipped(self.port.w))

        active, place, left, word, beats_left = self.active, self.place, self.left, self.word, self.beats_left
        take = Signal()
        m.d.comb += [
            self.write_request.ready.eq(~active),
            take.eq(active & (beats_left == 0) & address.i.ready & waiting.i.ready),
            self.write_data.ready.eq(take),
            address.i.valid.eq(take & self.write_data.valid),
            address.i.p.address.eq(Cat(Const(0, byte_bits), place) + self._base),
            address.i.p.more.eq(ratio - 1),
            waiting.i.valid.eq(take & self.write_data.valid),
            waiting.i.payload.eq(left == 1),
            beats.i.valid.eq(beats_left != 0),
            beats.i.p.data.eq(word.data[:self._port_bits]),
            beats.i.p.strobe.eq(word.mask[:self._port_bits // 8]),
            beats.i.p.last.eq(beats_left == 1),
            self.port.b.ready.eq(1),
            waiting.o.ready.eq(self.port.b.valid),
        ]
        with m.If(~active):
            m.d.sync += [
                active.eq(self.write_request.valid),
                place.eq(self.write_request.p.address),
                left.eq(self.write_request.p.length),
            ]
        with m.If(address.i.valid):
            m.d.sync += [
                active.eq(left != 1),
                place.eq(place + 1),
                left.eq(left - 1),
                word.eq(self.write_data.p),
                beats_left.eq(ratio),
            ]
        with m.If(beats.i.valid & beats.i.ready):
            m.d.sync += [
                beats_left.eq(beats_left - 1),
                word.data.eq(word.data >> self._port_bits),
                word.mask.eq(word.mask >> self._port_bits // 8),
            ]
        m.d.sync += self.write_done.eq(self.port.b.valid & waiting.o.payload)
        with m.If(self.port.b.valid & (self.port.b.p.response != 0)):
            m.d.sync += self.error.eq(1)
        return m
