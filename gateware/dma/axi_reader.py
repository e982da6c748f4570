"""Burst reads over several AXI ports."""

from amaranth.hdl import Array, Assert, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dma.axi import AxiAddress, AxiReadSignature, MOST_BEATS
from gateware.layouts import BurstRequest
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["AxiReader"]


class AxiReader(wiring.Component):
    """Cuts bursts of bus words into AXI bursts, spreads these over ports, and brings the words back into
    order.

    The memory is divided into blocks of 16 beats. An AXI burst stays within a block, so it never crosses a
    boundary of 4 KiB; consecutive blocks belong to consecutive ports, so that long bursts use all ports at
    once. A port's beats are put together to bus words and wait in a FIFO of its own.

    ::

        requests --> words --> first word of an AXI burst: AR of the port of the block
                       |
                     order ---------------------------------.
                                                            v
        R of port 0 --> bus words --> FIFO --+--> next in order --> bus words
        R of port 1 --> bus words --> FIFO --'

    An AXI burst is requested only when the FIFO of its port has room for all of it, so R is never refused and
    a port cannot block another one. Throughput one bus word per cycle. Handshake outputs are registers or
    constant, and an offered address stays until it is taken. Nothing is lost, duplicated or reordered
    whatever the ports do: tests/gateware/dma/test_axi_proofs.py.

    Parameters
    ----------
    bus_bits, port_bits : int
        Widths of a bus word and of an AXI port, powers of two; the bus at least as wide as a port, and at
        most 16 times.
    ports : int
        1, 2 or 4.
    base : int
        AXI address of bus word 0, a multiple of 4096.
    depth : int
        Bus words that a FIFO holds, at least those of a block and at most 64.
    beats : int
        Longest burst, a power of two of at most 16.
    ordered : int
        Bus words under way at most, 2..64.

    Members
    -------
    read_request : In(stream of BurstRequest)
    read_data : Out(stream of bus_bits)
    port0, ... : Out(AxiReadSignature)
    error : Out(1)
        A reply was not OKAY, some time ago.

    Raises
    ------
    ValueError
        If a parameter is not possible.
    """

    def __init__(self, *, bus_bits, port_bits=64, ports=2, base=0, depth=64, beats=MOST_BEATS, ordered=64):
        if bus_bits not in [port_bits << n for n in range(5)]:
            raise ValueError(f"Bus width must be 1, 2, 4, 8 or 16 times the {port_bits} bits of a port, "
                             f"not {bus_bits!r}")
        if ports not in (1, 2, 4):
            raise ValueError(f"Number of ports must be 1, 2 or 4, not {ports!r}")
        if base % 4096:
            raise ValueError(f"Base address must be a multiple of 4096, not {base!r}")
        self._ratio = bus_bits // port_bits
        self._block = beats // self._ratio
        if not self._block <= depth <= 64:
            raise ValueError(f"FIFO depth must be {self._block}..64, not {depth!r}")
        self._bus_bits, self._port_bits, self._ports, self._base = bus_bits, port_bits, ports, base
        super().__init__({
            "read_request": In(stream.Signature(BurstRequest)),
            "read_data": Out(stream.Signature(bus_bits)),
            "error": Out(1),
        } | {f"port{number}": Out(AxiReadSignature(port_bits)) for number in range(ports)})
        # Members, so that a proof can look into them.
        self.order = LutFifo(shape=data.StructLayout({"port": 2}), depth=ordered)
        self.fifos = [LutFifo(shape=bus_bits, depth=depth) for _ in range(ports)]
        self.room = Array(Signal(range(depth + 1), init=depth, name=f"room{number}") for number in range(ports))
        self.address_buffer = SkidBuffer(shape=data.StructLayout({"axi": AxiAddress, "port": 2}))
        self.output = SkidBuffer(shape=bus_bits)
        self.active, self.begins = Signal(), Signal()
        self.place, self.left = Signal(32, reset_less=True), Signal(16, reset_less=True)
        self.issue, self.move = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.order = self.order
        for number, fifo in enumerate(self.fifos):
            m.submodules[f"fifo{number}"] = fifo
            self._collect(m, getattr(self, f"port{number}").r, fifo)
        self._issue(m)
        self._merge(m)
        return m

    def _issue(self, m):
        """Requests into words; the first word of a burst asks for all of it."""
        block_bits = self._block.bit_length() - 1
        port_bits = self._ports.bit_length() - 1
        byte_bits = (self._bus_bits // 8).bit_length() - 1
        m.submodules.address = address = self.address_buffer
        active, begins, place, left, issue = self.active, self.begins, self.place, self.left, self.issue
        within, step, port, ask = Signal(block_bits + 1), Signal(block_bits + 1), Signal(2), Signal()
        m.d.comb += [
            port.eq(place[block_bits:block_bits + port_bits]),
            within.eq(self._block - place[:block_bits]),
            step.eq(Mux(left <= within, left, within)),
            issue.eq(active & self.order.i.ready & (~begins | address.i.ready & (self.room[port] >= step))),
            ask.eq(issue & begins),
            self.read_request.ready.eq(~active | issue & (left == 1)),
            address.i.valid.eq(ask),
            address.i.p.axi.address.eq(Cat(Const(0, byte_bits), place) + self._base),
            address.i.p.axi.more.eq(step * self._ratio - 1),
            address.i.p.port.eq(port),
            self.order.i.valid.eq(issue),
            self.order.i.p.port.eq(port),
        ]
        for number in range(self._ports):
            channel = getattr(self, f"port{number}").ar
            chosen = address.o.p.port == number
            m.d.comb += [channel.valid.eq(address.o.valid & chosen), channel.p.eq(address.o.p.axi)]
            with m.If(chosen):
                m.d.comb += address.o.ready.eq(channel.ready)
            taken = self.fifos[number].o.valid & self.fifos[number].o.ready
            m.d.sync += self.room[number].eq(self.room[number] - Mux(ask & (port == number), step, 0) + taken)
        with m.If(self.read_request.ready):
            m.d.sync += [
                active.eq(self.read_request.valid),
                begins.eq(1),
                place.eq(self.read_request.p.address),
                left.eq(self.read_request.p.length),
            ]
        with m.Elif(issue):
            m.d.sync += [place.eq(place + 1), left.eq(left - 1), begins.eq(within == 1)]

    def _collect(self, m, channel, fifo):
        """The beats of a port into bus words, the first beat in the low bits."""
        gathered = Signal(self._bus_bits, reset_less=True)
        count, full = Signal(range(self._ratio)), Signal()
        m.d.comb += [channel.ready.eq(1), fifo.i.valid.eq(full), fifo.i.payload.eq(gathered)]
        m.d.sync += [full.eq(channel.valid & (count == self._ratio - 1)),
                     Assert(~full | fifo.i.ready, "AXI word without room")]
        with m.If(channel.valid):
            m.d.sync += [count.eq(count + 1), gathered.eq(Cat(gathered, channel.p.data)[self._port_bits:])]
            with m.If(channel.p.response != 0):
                m.d.sync += self.error.eq(1)

    def _merge(self, m):
        """Words in the order of the requests."""
        m.submodules.output = out = self.output
        m.d.comb += [self.move.eq(out.i.valid & out.i.ready), self.order.o.ready.eq(self.move)]
        for number, fifo in enumerate(self.fifos):
            chosen = self.order.o.valid & (self.order.o.p.port == number)
            with m.If(chosen):
                m.d.comb += [out.i.valid.eq(fifo.o.valid), out.i.payload.eq(fifo.o.payload)]
            m.d.comb += fifo.o.ready.eq(chosen & out.i.ready)
        connect(m, out.o, flipped(self.read_data))
