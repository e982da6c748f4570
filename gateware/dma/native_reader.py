"""Burst reads over two native read ports of a LiteDRAM controller."""

from amaranth.hdl import Assert, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import BurstRequest
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["NativeReader"]


class NativeReader(wiring.Component):
    """Turns bursts of bus words into reads of native words, and brings the words back into order.

    A LiteDRAM port can have commands at one bank at a time: going on to the next bank, it waits until its
    last command has left the one before, and the DRAM idles while the new row is opened. So there are two
    ports, for even and odd banks. Consecutive rows lie in consecutive banks; while one port finishes a row
    the other one opens the next. The words of each port come in the order of its commands, and are merged in
    that of the requests.

    ::

        requests --> words, one per cycle --> commands of the port of the word's bank
                       |
                     order -----------------------.
                                                  v
        words of port 0 --> FIFO --+--> next in order --> bus words
        words of port 1 --> FIFO --'

    Native words cannot be refused: a command is issued only when the FIFO of its port has room for the word.
    Throughput one command and one bus word per cycle. The native ports come from registers, ``valid`` by way of
    one gate; ``read_data`` is registers. Bursts follow each other without a gap. Nothing is lost, duplicated or
    reordered whatever the ports do: tests/gateware/dma/test_native_proofs.py.

    Parameters
    ----------
    bus_bits : int
        Width of a bus word, a power of two.
    word_bits : int
        Width of a native word, a power of two.
    address_bits : int
        Of a native address.
    bank_shift : int
        Bit of a native address that tells even from odd banks.
    depth : int
        Words that each FIFO holds, 2..32: at least those that a port has under way at full speed.

    Members
    -------
    read_request : In(stream of BurstRequest)
    read_data : Out(stream of bus_bits)
    command0, command1 : Out(stream of address_bits)
        Addresses of words.
    word_valid0, word_valid1 : In(1)
        ``word`` is the next one of this port.
    word : In(word_bits)

    Raises
    ------
    ValueError
        If a width is not a power of two.
    """

    def __init__(self, *, bus_bits, word_bits, address_bits, bank_shift, depth=32):
        for name, bits in (("Bus", bus_bits), ("Native", word_bits)):
            if bits < 8 or bits & bits - 1:
                raise ValueError(f"{name} width must be a power of two of at least 8, not {bits!r}")
        self._bus_bits, self._word_bits, self._address_bits = bus_bits, word_bits, address_bits
        self._bank_shift, self._depth = bank_shift, depth
        super().__init__({
            "read_request": In(stream.Signature(BurstRequest)),
            "read_data": Out(stream.Signature(bus_bits)),
            "command0": Out(stream.Signature(address_bits)),
            "command1": Out(stream.Signature(address_bits)),
            "word_valid0": In(1),
            "word_valid1": In(1),
            "word": In(word_bits),
        })
        # Members, so that a proof can look into them.
        beats = max(word_bits // bus_bits, 1)
        order = data.StructLayout({"port": 1} | ({"first": range(beats), "final": range(beats)} if beats > 1 else {}))
        self.order = LutFifo(shape=order, depth=2 * depth)
        self.fifos = [LutFifo(shape=word_bits, depth=depth) for _ in range(2)]
        self.room = [Signal(range(depth + 1), init=depth, name=f"room{port}") for port in range(2)]
        self.command_buffer = SkidBuffer(shape=data.StructLayout({"address": address_bits, "port": 1}))
        self.wider = (bus_bits // word_bits or 1).bit_length() - 1
        self.narrower = (word_bits // bus_bits or 1).bit_length() - 1
        self.active = Signal()
        # Places and lengths count what is smaller, bus or native words.
        self.place = Signal(address_bits + self.narrower, reset_less=True)
        self.left = Signal(16 + self.wider, reset_less=True)
        self.issue, self.take = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.order, m.submodules.fifo0, m.submodules.fifo1 = self.order, *self.fifos
        self._issue(m)
        word, valid = self._merge(m)
        if self._bus_bits > self._word_bits:
            self._gather(m, word, valid, self.take)
        else:
            self._split(m, word, valid, self.take)
        return m

    def _issue(self, m):
        """Requests into commands."""
        wider, narrower, active, place, left, issue = (
            self.wider, self.narrower, self.active, self.place, self.left, self.issue)
        m.submodules.command = command = self.command_buffer
        step, final, port = Signal(narrower + 1), Signal(), Signal()
        address = place[narrower:]
        m.d.comb += [
            step.eq((1 << narrower) - place[:narrower]),
            final.eq(left <= step),
            port.eq(address[self._bank_shift]),
            issue.eq(active & command.i.ready & self.order.i.ready & (Mux(port, *self.room[::-1]) != 0)),
            command.i.valid.eq(issue),
            command.i.p.address.eq(address),
            command.i.p.port.eq(port),
            self.order.i.valid.eq(issue),
            self.order.i.p.port.eq(port),
            self.read_request.ready.eq(~active | issue & final),
            command.o.ready.eq(Mux(command.o.p.port, self.command1.ready, self.command0.ready)),
            self.command0.valid.eq(command.o.valid & ~command.o.p.port),
            self.command1.valid.eq(command.o.valid & command.o.p.port),
            self.command0.payload.eq(command.o.p.address),
            self.command1.payload.eq(command.o.p.address),
        ]
        if narrower:
            m.d.comb += [
                self.order.i.p.first.eq(place[:narrower]),
                self.order.i.p.final.eq(Mux(final, place[:narrower] + left - 1, (1 << narrower) - 1)),
            ]
        for number, (room, fifo) in enumerate(zip(self.room, self.fifos)):
            m.d.sync += room.eq(room - (issue & (port == number)) + (fifo.o.valid & fifo.o.ready))
        with m.If(self.read_request.ready):
            m.d.sync += [
                active.eq(self.read_request.valid),
                place.eq(self.read_request.p.address << wider),
                left.eq(self.read_request.p.length << wider),
            ]
        with m.Elif(issue):
            m.d.sync += [place.eq(Cat(Const(0, narrower), address + 1)), left.eq(left - step)]

    def _merge(self, m):
        """The next word in order, and whether it is there."""
        word, valid, take = Signal(self._word_bits), Signal(), self.take
        head = self.order.o.p
        first, second = self.fifos
        m.d.comb += [
            word.eq(Mux(head.port, second.o.payload, first.o.payload)),
            valid.eq(self.order.o.valid & Mux(head.port, second.o.valid, first.o.valid)),
            self.order.o.ready.eq(valid & take),
        ]
        for number, fifo in enumerate(self.fifos):
            arrives = getattr(self, f"word_valid{number}")
            m.d.comb += [
                fifo.i.valid.eq(arrives),
                fifo.i.payload.eq(self.word),
                fifo.o.ready.eq(self.order.o.valid & take & (head.port == number)),
            ]
            m.d.sync += Assert(~arrives | fifo.i.ready, "native word without room")
        return word, valid

    def _gather(self, m, word, valid, take):
        """Several native words make a bus word, the first one in its low bits."""
        ratio = self._bus_bits // self._word_bits
        gathered = Signal(self._bus_bits, reset_less=True)
        count, full = Signal(range(ratio)), Signal()
        m.d.comb += [
            take.eq(~full | self.read_data.ready),
            self.read_data.valid.eq(full),
            self.read_data.payload.eq(gathered),
        ]
        with m.If(take):
            m.d.sync += full.eq(valid & (count == ratio - 1))
            with m.If(valid):
                m.d.sync += [count.eq(count + 1), gathered.eq(Cat(gathered[self._word_bits:], word))]

    def _split(self, m, word, valid, take):
        """A native word is one or more bus words."""
        head, beats = self.order.o.p, self._word_bits // self._bus_bits
        held = Signal(self._word_bits, reset_less=True)
        occupied = Signal()
        index, final = Signal(range(beats), reset_less=True), Signal(range(beats), reset_less=True)
        m.d.comb += [
            take.eq(~occupied | self.read_data.ready & (index == final)),
            self.read_data.valid.eq(occupied),
            self.read_data.payload.eq(held[:self._bus_bits]),
        ]
        with m.If(take):
            m.d.sync += [occupied.eq(valid), held.eq(word)]
            if beats > 1:
                m.d.sync += [index.eq(head.first), final.eq(head.final),
                             held.eq(word >> (head.first * self._bus_bits))]
        with m.Elif(self.read_data.ready):
            m.d.sync += [index.eq(index + 1), held.eq(held >> self._bus_bits)]
