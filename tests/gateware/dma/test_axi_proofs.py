"""Proofs: the adapters to AXI lose, duplicate and reorder nothing, obey the handshakes, stay within 4 KiB,
never stop.

As in test_native_proofs.py, requests follow each other without a gap, and words bear numbers. Blocks of two
words belong to one port and the other in turn: bit 1 of a number is its port. Addresses of bursts, replies,
and what the accelerator takes may each be held back for any time, each port on its own.
"""

import pytest
from amaranth.hdl import Assert, Assume, Cat, ClockDomain, Const, Elaboratable, Module, Mux, Signal

from gateware.dma.axi_reader import AxiReader
from gateware.dma.axi_writer import AxiWriter
from testing.formal import prove
from testing.formal_parts import assert_held, assert_ring

_BITS = 4


def _index(number, port):
    """How many words of ``port`` have a smaller number."""
    return Cat(Mux(number[1] == port, number[0], 0), 0) + Mux((number[1] == 1) & (port == 0), 2, 0) + (
        number[2:] << 1)


class _Reader(Elaboratable):
    """Words and beats of 8 bits, two ports, blocks of two words, FIFOs of two."""

    def __init__(self):
        self.dut = AxiReader(bus_bits=8, port_bits=8, ports=2, depth=2, beats=2, ordered=4)
        self.domain = ClockDomain("sync", reset_less=True)
        self.request, self.length, self.ready = Signal(), Signal(2), Signal()
        self.accept, self.reply = Signal(2), Signal(2)

    @property
    def inputs(self):
        return [self.domain.clk, self.request, self.length, self.ready, self.accept, self.reply]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        requested, issued, asked, received = (Signal(_BITS, name=name) for name in (
            "requested", "issued", "asked", "received"))
        # Of each port: words whose burst it has accepted, words it has returned.
        accepted = [Signal(_BITS - 1, name=f"accepted{port}") for port in range(2)]
        returned = [Signal(_BITS - 1, name=f"returned{port}") for port in range(2)]
        ask = dut.issue & dut.begins
        m.d.comb += [
            Assume(self.length != 0),
            dut.read_request.valid.eq(self.request),
            dut.read_request.p.address.eq(requested),
            dut.read_request.p.length.eq(self.length),
            dut.read_data.ready.eq(self.ready),
            Assert(~dut.read_data.valid | (dut.read_data.payload == received)),
        ]
        m.d.sync += [
            requested.eq(requested + Mux(self.request & dut.read_request.ready, self.length, 0)),
            issued.eq(issued + dut.issue),
            received.eq(received + (dut.read_data.valid & dut.read_data.ready)),
        ]
        with m.If(ask):
            m.d.sync += asked.eq(issued + dut.address_buffer.i.p.axi.more + 1)
        assert_held(m, dut.read_data)
        ports = [dut.port0, dut.port1]
        for number, port in enumerate(ports):
            address = port.ar.p.address[:_BITS]
            m.d.comb += [
                port.ar.ready.eq(self.accept[number]),
                port.r.valid.eq(self.reply[number] & (returned[number] != accepted[number])),
                port.r.p.data.eq(Cat(returned[number][0], number, returned[number][1:])),
                # The words of this port that come next, all in one block.
                Assert(~port.ar.valid | (_index(address, number)[:_BITS - 1] == accepted[number])),
                Assert(~port.ar.valid | (address[1] == number) & (address[0] + port.ar.p.more <= 1)),
            ]
            m.d.sync += [
                accepted[number].eq(accepted[number] + Mux(port.ar.valid & port.ar.ready, port.ar.p.more + 1, 0)),
                returned[number].eq(returned[number] + port.r.valid),
            ]
            assert_held(m, port.ar)
        self._invariants(m, requested, issued, asked, received, accepted, returned)
        return m

    def _invariants(self, m, requested, issued, asked, received, accepted, returned):
        dut, buffer, out = self.dut, self.dut.address_buffer, self.dut.output
        front, base = Signal(_BITS), Signal(_BITS)
        left, ahead = Signal(_BITS), Signal(_BITS)

        def is_burst(entry, end):
            """An entry of the address buffer is a burst within a block, which ends at a number."""
            start = entry.axi.address[:_BITS]
            return ((entry.port == start[1]) & (start[0] + entry.axi.more <= 1)
                    & ((start + entry.axi.more + 1)[:_BITS] == end))

        second = buffer.skid.axi.address[:_BITS]
        m.d.comb += [
            left.eq(requested - issued),
            ahead.eq(asked - issued),
            Assert(dut.active == (left != 0)),
            Assert(left <= 3),
            Assert(~dut.active | (dut.left == left) & (dut.place[:_BITS] == issued)),
            # What has been asked for is what has been issued, and the rest of the burst.
            Assert(Mux(dut.active & ~dut.begins, (ahead == 1) & issued[0], ahead == 0)),
            # Bursts that no port has accepted.
            Assert(buffer.ready | buffer.o.valid),
            Assert(buffer.ready | is_burst(buffer.skid, asked)),
            Assert(~buffer.o.valid | is_burst(buffer.o.p, Mux(buffer.ready, asked, second))),
            front.eq(Mux(buffer.o.valid, buffer.o.p.axi.address[:_BITS], asked)),
            # Words between the FIFOs and the accelerator.
            base.eq(received + out.o.valid + ~out.ready),
            Assert(out.ready | out.o.valid),
            Assert(out.ready | (out.skid == (received + 1)[:_BITS])),
            Assert(~out.o.valid | (out.o.payload == received)),
            Assert(dut.order.level == (issued - base)[:_BITS]),
        ]
        assert_ring(m, dut.order, lambda entry, offset: entry.port == (base + offset)[1])
        under_way = 0
        for port, fifo in enumerate(dut.fifos):
            first, claimed, accepted_ahead, inside = (Signal(_BITS - 1, name=f"{name}{port}") for name in (
                "first", "claimed", "accepted_ahead", "inside"))
            m.d.comb += [
                first.eq(_index(base, port)),
                claimed.eq(_index(asked, port) - first),
                accepted_ahead.eq(accepted[port] - first),
                inside.eq(returned[port] - first),
                Assert(accepted[port] == _index(front, port)[:_BITS - 1]),
                Assert(claimed <= 2),
                Assert(dut.room[port] == 2 - claimed),
                Assert(accepted_ahead <= claimed),
                Assert(inside <= accepted_ahead),
                Assert(inside == fifo.level + fifo.i.valid),
                Assert(~fifo.i.valid | fifo.i.ready),
                Assert(~fifo.i.valid | (fifo.i.payload == self._number(first + fifo.level, port))),
            ]
            assert_ring(m, fifo, lambda word, offset, first=first, port=port: (
                word == self._number(first + offset, port)))
            under_way |= (returned[port] != accepted[port]) | fifo.i.valid
        # Work is left, nobody else's turn has come, and nothing moves: never.
        m.d.comb += Assert((requested == received) | buffer.o.valid | under_way | out.o.valid | dut.issue | dut.move)

    @staticmethod
    def _number(index, port):
        return Cat(index[0], port, index[1:_BITS - 1])


class _Writer(Elaboratable):
    """Words of 16 bits in two beats. Bursts of three words and of one take turns: numbers 2 and 3 modulo 4
    end one."""

    def __init__(self):
        self.dut = AxiWriter(bus_bits=16, port_bits=8, outstanding=4)
        self.domain = ClockDomain("sync", reset_less=True)
        self.request, self.data, self.accept, self.take, self.reply = (Signal() for _ in range(5))

    @property
    def inputs(self):
        return [self.domain.clk, self.request, self.data, self.accept, self.take, self.reply]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        # Words requested and sent; addresses accepted; beats taken; words replied to.
        requested, sent, accepted, replied = (Signal(_BITS, name=name) for name in (
            "requested", "sent", "accepted", "replied"))
        beats = Signal(_BITS + 1)
        length = Mux(requested[:2] == 3, 1, 3)
        whole = beats[1:]
        port, ended, reply = dut.port, Signal(), Signal()
        m.d.comb += [
            dut.write_request.valid.eq(self.request),
            dut.write_request.p.address.eq(requested),
            dut.write_request.p.length.eq(length),
            dut.write_data.valid.eq(self.data),
            dut.write_data.p.data.eq(Cat(sent, Const(0, 8 - _BITS), ~sent)),
            dut.write_data.p.mask.eq(Cat(sent[0], ~sent[1])),
            port.aw.ready.eq(self.accept),
            port.w.ready.eq(self.take),
            # A reply comes when address and data have been accepted.
            reply.eq(self.reply & (replied != accepted) & (replied != whole)),
            port.b.valid.eq(reply),
            Assert(~port.aw.valid | self._is_word(port.aw.p, accepted)),
            Assert(~port.w.valid | self._is_beat(port.w.p, beats)),
            Assert(dut.write_done == ended),
        ]
        m.d.sync += [
            requested.eq(requested + Mux(self.request & dut.write_request.ready, length, 0)),
            sent.eq(sent + (dut.write_data.valid & dut.write_data.ready)),
            accepted.eq(accepted + (port.aw.valid & port.aw.ready)),
            beats.eq(beats + (port.w.valid & port.w.ready)),
            replied.eq(replied + reply),
            ended.eq(reply & replied[1]),
        ]
        assert_held(m, port.aw)
        assert_held(m, port.w)
        self._invariants(m, requested, sent, accepted, beats, replied)
        return m

    @staticmethod
    def _is_word(address, number):
        """The AXI burst of a word. Addresses go on where the numbers begin again."""
        return (address.address[1:_BITS + 1] == number) & ~address.address[0] & (address.more == 1)

    @staticmethod
    def _is_beat(beat, number):
        """Beats are numbered, too: two for each word."""
        word = number[1:_BITS + 1]
        return ((beat.data == Mux(number[0], ~word, word)) & (beat.strobe == Mux(number[0], ~word[1], word[0]))
                & (beat.last == number[0]))

    def _invariants(self, m, requested, sent, accepted, beats, replied):
        dut, address, buffer, waiting = self.dut, self.dut.address_buffer, self.dut.data_buffer, self.dut.waiting
        left, pushed, whole, word = Signal(_BITS), Signal(_BITS + 1), beats[1:], dut.word
        m.d.comb += [
            left.eq(requested - sent),
            pushed.eq((sent << 1) - dut.beats_left),
            Assert(left <= 3),
            Assert(dut.active == (left != 0)),
            Assert(~dut.active | (dut.left == left) & (dut.place[:_BITS] == sent)),
            # What a burst has left follows from where it is.
            Assert(~dut.active | (left == Mux(sent[:2] == 3, 1, 3 - sent[:2]))),
            Assert(dut.active | (sent[:2] == 0) | (sent[:2] == 3)),
            Assert((sent - accepted)[:_BITS] == address.o.valid + ~address.ready),
            Assert(address.ready | address.o.valid),
            Assert(~address.o.valid | self._is_word(address.o.p, accepted)),
            Assert(address.ready | self._is_word(address.skid, (accepted + 1)[:_BITS])),
            Assert((pushed - beats)[:_BITS + 1] == buffer.o.valid + ~buffer.ready),
            Assert(buffer.ready | buffer.o.valid),
            Assert(~buffer.o.valid | self._is_beat(buffer.o.p, beats)),
            Assert(buffer.ready | self._is_beat(buffer.skid, (beats + 1)[:_BITS + 1])),
            # The beats of the latest word that are still to come.
            Assert(dut.beats_left <= 2),
            Assert((dut.beats_left == 0) | self._is_next(word.data[:8], word.mask[0], pushed)),
            Assert((dut.beats_left != 2) | self._is_next(word.data[8:], word.mask[1], (pushed + 1)[:_BITS + 1])),
            Assert((sent - replied)[:_BITS] == waiting.level),
            Assert((accepted - replied)[:_BITS] <= waiting.level),
            Assert((whole - replied)[:_BITS] <= waiting.level),
            # Somebody else's turn: to accept an address or data, to reply, to send data; or the next beat
            # moves.
            Assert((requested == replied) | address.o.valid | buffer.o.valid
                   | (replied != accepted) & (replied != whole) | dut.write_data.ready | (dut.beats_left != 0)),
        ]
        assert_ring(m, waiting, lambda entry, offset: entry == (replied + offset)[1])

    @staticmethod
    def _is_next(data, strobe, number):
        word = number[1:_BITS + 1]
        return (data == Mux(number[0], ~word, word)) & (strobe == Mux(number[0], ~word[1], word[0]))


class _Boundaries(Elaboratable):
    """The reader as the boards have it, any requests: bursts stay within 4 KiB, and what is offered stays."""

    def __init__(self):
        self.dut = AxiReader(bus_bits=128, port_bits=64, ports=2, base=0x1000_0000, depth=8)
        self.domain = ClockDomain("sync", reset_less=True)
        self.request, self.address, self.length = Signal(), Signal(28), Signal(16)
        self.accept, self.reply = Signal(2), Signal(2)

    @property
    def inputs(self):
        return [self.domain.clk, self.request, self.address, self.length, self.accept, self.reply]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        buffer = dut.address_buffer
        m.d.comb += [
            Assume(self.length != 0),
            dut.read_request.valid.eq(self.request),
            dut.read_request.p.address.eq(self.address),
            dut.read_request.p.length.eq(self.length),
            dut.read_data.ready.eq(1),
            Assert(buffer.ready | buffer.o.valid),
            Assert(~dut.active | (dut.left != 0)),
            Assert(~buffer.o.valid | self._within(buffer.o.p.axi)),
            Assert(buffer.ready | self._within(buffer.skid.axi)),
        ]
        for number, port in enumerate((dut.port0, dut.port1)):
            m.d.comb += [
                port.ar.ready.eq(self.accept[number]),
                Assert(~port.ar.valid | self._within(port.ar.p) & (port.ar.p.address[7] == number)),
                Assert((buffer.o.p.port != number) | ~buffer.o.valid | (buffer.o.p.axi.address[7] == number)),
                Assert((buffer.skid.port != number) | buffer.ready | (buffer.skid.axi.address[7] == number)),
            ]
            assert_held(m, port.ar)
        return m

    @staticmethod
    def _within(burst):
        return (burst.address[:12] + ((burst.more + 1) << 3) <= 4096) & (burst.address[:3] == 0)


@pytest.mark.parametrize("make", [_Reader, _Writer, _Boundaries], ids=["reads", "writes", "boundaries"])
def test_axi(make):
    design = make()
    prove(design, ports=design.inputs, steps=2)
