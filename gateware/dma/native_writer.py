"""Burst writes over a native write port of a LiteDRAM controller."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import BurstRequest, WriteBeat
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["NativeWriter"]


class NativeWriter(wiring.Component):
    """Turns bursts of masked bus words into writes of masked native words.

    Of a bus word that is several native words only those are written that have a byte to write. The
    controller takes the data of a command when it executes it, so a command is issued together with its data,
    which wait in a FIFO. When the controller has taken the data, a read that is requested afterwards finds
    the write before it at its bank: that is when ``write_done`` comes. Throughput one bus word in one cycle
    more than it is native words, two cycles at least, and one cycle more for a burst. Outputs of the native port are
    registers or come from LUT RAM.

    Parameters
    ----------
    bus_bits : int
        Width of a bus word, a power of two.
    word_bits : int
        Width of a native word, a power of two.
    address_bits : int
        Of a native address.

    Members
    -------
    write_request : In(stream of BurstRequest)
    write_data : In(stream of WriteBeat)
    write_done : Out(1)
        A pulse for each burst, in order.
    command : Out(stream of address_bits)
        Addresses of words.
    word_ready : In(1)
        The controller takes ``word`` and ``mask``; not before the command has been accepted.
    word : Out(word_bits)
    mask : Out(word_bits // 8)
        A bit per byte, 1 = written.
    """

    DEPTH = 8
    """Words that may wait for their command to be executed."""

    def __init__(self, *, bus_bits, word_bits, address_bits):
        for name, bits in (("Bus", bus_bits), ("Native", word_bits)):
            if bits < 8 or bits & bits - 1:
                raise ValueError(f"{name} width must be a power of two of at least 8, not {bits!r}")
        self._bus_bits, self._word_bits, self._address_bits = bus_bits, word_bits, address_bits
        super().__init__({
            "write_request": In(stream.Signature(BurstRequest)),
            "write_data": In(stream.Signature(WriteBeat(bus_bits))),
            "write_done": Out(1),
            "command": Out(stream.Signature(address_bits)),
            "word_ready": In(1),
            "word": Out(word_bits),
            "mask": Out(word_bits // 8),
        })
        layout = data.StructLayout({"data": word_bits, "mask": word_bits // 8, "last": 1})
        # Members, so that a proof can look into them.
        self.words = LutFifo(shape=layout, depth=self.DEPTH)
        self.command_buffer = SkidBuffer(shape=address_bits)
        self.parts = max(bus_bits // word_bits, 1)
        self.spread = max(word_bits // bus_bits, 1)
        self.active, self.last = Signal(), Signal()
        self.address = Signal(address_bits + self.spread.bit_length() - 1, reset_less=True)
        self.left = Signal(16, reset_less=True)
        self.beat = Signal(WriteBeat(bus_bits), reset_less=True)
        self.pending = Signal(self.parts)
        self.push = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = self.words
        m.submodules.command = command = self.command_buffer
        parts, spread = self.parts, self.spread
        wider, narrower = parts.bit_length() - 1, spread.bit_length() - 1
        part_bytes = self._bus_bits // 8 // parts

        # The burst, and the bus word of it whose parts are being written.
        active, last, address, left = self.active, self.last, self.address, self.left
        beat, pending, push = self.beat, self.pending, self.push

        # A beat is taken while no part is pending; then one part goes out per cycle, the lowest first.
        take = Signal()
        lowest, remaining = Signal(range(parts)), Signal(parts)
        m.d.comb += [
            take.eq(active & (pending == 0)),
            self.write_data.ready.eq(take),
            self.write_request.ready.eq(~active),
            push.eq((pending != 0) & words.i.ready & command.i.ready),
            remaining.eq(pending & (pending - 1)),
        ]
        for part in reversed(range(parts)):
            with m.If(pending[part]):
                m.d.comb += lowest.eq(part)
        with m.If(self.write_request.ready):
            m.d.sync += [
                active.eq(self.write_request.valid),
                address.eq(self.write_request.p.address),
                left.eq(self.write_request.p.length),
            ]
        needed = Cat(self.write_data.p.mask.word_select(part, part_bytes).any() for part in range(parts))
        with m.If(take & self.write_data.valid):
            m.d.sync += [
                beat.eq(self.write_data.p),
                last.eq(left == 1),
                left.eq(left - 1),
                # Something must tell that the last beat has been written, even if nothing of it is.
                pending.eq(needed | ((left == 1) & (needed == 0))),
            ]
            with m.If(needed == 0):
                m.d.sync += address.eq(address + 1)
            with m.If((left == 1) & (needed == 0)):
                m.d.sync += address.eq(address)
        with m.If(push):
            m.d.sync += pending.eq(remaining)
            with m.If(remaining == 0):
                m.d.sync += address.eq(address + 1)
                with m.If(last):
                    m.d.sync += active.eq(0)
        place = address[:narrower]
        m.d.comb += [
            command.i.valid.eq(push),
            command.i.payload.eq(Cat(lowest[:wider], address) if wider else address[narrower:]),
            words.i.valid.eq(push),
            words.i.p.data.eq(beat.data.word_select(lowest, self._bus_bits // parts).replicate(spread)),
            words.i.p.mask.eq(beat.mask.word_select(lowest, part_bytes) << place * part_bytes),
            words.i.p.last.eq(last & (remaining == 0)),
            self.command.valid.eq(command.o.valid),
            self.command.payload.eq(command.o.payload),
            command.o.ready.eq(self.command.ready),
            words.o.ready.eq(self.word_ready),
            self.word.eq(words.o.p.data),
            self.mask.eq(words.o.p.mask),
        ]
        m.d.sync += self.write_done.eq(words.o.valid & words.o.ready & words.o.p.last)
        return m
