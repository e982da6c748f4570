"""Proofs: the adapters to LiteDRAM's native ports lose, duplicate and reorder nothing, and never stop.

Requests follow each other without a gap, so what is read and written is numbered; what comes out must bear
the numbers in order. The ports accept commands and execute them whenever they like, each in its order; odd
and even words belong to different ports. For the induction the proofs also say where every number inside
lies.

"Never stop": in every reachable state with work left either the adapter moves or it is somebody else's turn,
and every move is a step towards the end of the work.
"""

import pytest
from amaranth.hdl import Assert, Assume, ClockDomain, Elaboratable, Module, Mux, Signal

from gateware.dma.native_reader import NativeReader
from gateware.dma.native_writer import NativeWriter
from testing.formal import prove
from testing.formal_parts import assert_held, assert_ring

_BITS = 4
_LONGEST = 3


class _Reader(Elaboratable):
    """Words of 8 bits on a bus of 8, FIFOs of ``depth`` words."""

    def __init__(self, depth=2):
        self.dut = NativeReader(bus_bits=8, word_bits=8, address_bits=_BITS, bank_shift=0, depth=depth)
        self.depth = depth
        self.domain = ClockDomain("sync", reset_less=True)
        self.request, self.length, self.ready = Signal(), Signal(2), Signal()
        self.accept, self.execute = Signal(2), Signal(2)
        self.silent = False

    @property
    def inputs(self):
        return [self.domain.clk, self.request, self.length, self.ready, self.accept, self.execute]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        commands = [dut.command0, dut.command1]
        # Numbers: the next to be requested, issued, and to come out; of each port, the next to be accepted
        # and returned.
        requested, issued, received = Signal(_BITS), Signal(_BITS), Signal(_BITS)
        accepted = [Signal(_BITS, init=port, name=f"accepted{port}") for port in range(2)]
        returned = [Signal(_BITS, init=port, name=f"returned{port}") for port in range(2)]
        valids = [dut.word_valid0, dut.word_valid1]
        m.d.comb += [
            Assume(self.length != 0),
            Assume(self.execute != 3),
            dut.read_request.valid.eq(self.request),
            dut.read_request.p.address.eq(requested),
            dut.read_request.p.length.eq(self.length),
            dut.read_data.ready.eq(self.ready),
            dut.word.eq(Mux(self.execute[1], returned[1], returned[0])),
        ]
        m.d.sync += [
            requested.eq(requested + Mux(self.request & dut.read_request.ready, self.length, 0)),
            issued.eq(issued + dut.issue),
            received.eq(received + (dut.read_data.valid & dut.read_data.ready)),
        ]
        for port in range(2):
            m.d.comb += [
                commands[port].ready.eq(self.accept[port]),
                valids[port].eq(self.execute[port] & (returned[port] != accepted[port])),
                Assert(~commands[port].valid | (commands[port].payload == accepted[port])),
            ]
            m.d.sync += [
                accepted[port].eq(accepted[port] + 2 * (commands[port].valid & commands[port].ready)),
                returned[port].eq(returned[port] + 2 * valids[port]),
            ]
            assert_held(m, commands[port])
        m.d.comb += Assert(~dut.read_data.valid | (dut.read_data.payload == received))
        if self.silent:
            m.d.comb += Assert(received == 0)
        assert_held(m, dut.read_data)
        self._invariants(m, requested, issued, received, accepted, returned)
        return m

    def _invariants(self, m, requested, issued, received, accepted, returned):
        dut = self.dut
        buffer = dut.command_buffer
        buffered, base, oldest = Signal(2), Signal(_BITS), Signal(_BITS)
        m.d.comb += [
            # Requests.
            Assert(dut.left <= _LONGEST),
            Assert(~dut.active | (dut.left != 0) & (dut.place == issued) & (requested == (issued + dut.left)[:_BITS])),
            Assert(dut.active | (requested == issued)),
            # Commands that no port has accepted.
            buffered.eq(buffer.o.valid + ~buffer.ready),
            oldest.eq(issued - buffered),
            Assert(buffer.ready | buffer.o.valid),
            Assert(~buffer.o.valid | (buffer.o.p.address == oldest) & (buffer.o.p.port == oldest[0])),
            Assert(buffer.ready | (buffer.skid.address == (issued - 1)[:_BITS]) & (buffer.skid.port == ~issued[0])),
            # The order: numbers from `base` on, which is the next to leave the FIFOs.
            base.eq(received + dut.read_data.valid),
            Assert(dut.order.level == (issued - base)[:_BITS]),
        ]
        assert_ring(m, dut.order, lambda entry, offset: entry.port == (base + offset)[0])
        for port, fifo in enumerate(dut.fifos):
            first, claimed, under_way = Signal(_BITS), Signal(_BITS), Signal(_BITS)
            m.d.comb += [
                first.eq(base + (base[0] ^ port)),
                claimed.eq(issued + (issued[0] ^ port) - first),
                under_way.eq(returned[port] - first),
                Assert(accepted[port] == (oldest + (oldest[0] ^ port))[:_BITS]),
                Assert(returned[port] == (first + 2 * fifo.level)[:_BITS]),
                Assert(claimed >> 1 == self.depth - dut.room[port]),
                Assert(dut.room[port] <= self.depth),
                Assert((accepted[port] - first)[:_BITS] <= claimed),
                Assert(under_way <= (accepted[port] - first)[:_BITS]),
                Assert(~fifo.i.valid | fifo.i.ready),
            ]
            assert_ring(m, fifo, lambda word, offset, first=first: word == (first + 2 * offset)[:_BITS])
        # Work is left, nobody else's turn has come, and nothing moves: never.
        under_way = (returned[0] != accepted[0]) | (returned[1] != accepted[1])
        elsewhere = buffer.o.valid | under_way | dut.read_data.valid
        m.d.comb += Assert((requested == received) | elsewhere | dut.issue | dut.take)


class _Writer(Elaboratable):
    """Words of 8 bits on a bus of 8. Bursts of three words and of one take turns, so numbers 2 and 3 modulo 4
    end one."""

    def __init__(self):
        self.dut = NativeWriter(bus_bits=8, word_bits=8, address_bits=_BITS)
        self.domain = ClockDomain("sync", reset_less=True)
        self.request, self.data, self.accept, self.execute = Signal(), Signal(), Signal(), Signal()

    @property
    def inputs(self):
        return [self.domain.clk, self.request, self.data, self.accept, self.execute]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        requested, sent, pushed, accepted, taken = (Signal(_BITS, name=name) for name in (
            "requested", "sent", "pushed", "accepted", "taken"))
        single = requested[:2] == 3
        executed = Signal()
        m.d.comb += [
            dut.write_request.valid.eq(self.request),
            dut.write_request.p.address.eq(requested),
            dut.write_request.p.length.eq(Mux(single, 1, 3)),
            dut.write_data.valid.eq(self.data),
            dut.write_data.p.data.eq(sent),
            dut.write_data.p.mask.eq(1),
            dut.command.ready.eq(self.accept),
            dut.word_ready.eq(self.execute & (taken != accepted)),
            executed.eq(dut.word_ready),
            Assert(~dut.command.valid | (dut.command.payload == accepted)),
            Assert(~executed | dut.words.o.valid & (dut.word == taken) & dut.mask),
        ]
        m.d.sync += [
            requested.eq(requested + Mux(self.request & dut.write_request.ready, Mux(single, 1, 3), 0)),
            sent.eq(sent + (dut.write_data.valid & dut.write_data.ready)),
            pushed.eq(pushed + dut.push),
            accepted.eq(accepted + (dut.command.valid & dut.command.ready)),
            taken.eq(taken + executed),
        ]
        # A burst is reported in the cycle after its last word has been taken, and at no other time.
        ended = Signal()
        m.d.sync += ended.eq(executed & taken[1])
        m.d.comb += Assert(dut.write_done == ended)
        assert_held(m, dut.command)
        self._invariants(m, requested, sent, pushed, accepted, taken)
        return m

    def _invariants(self, m, requested, sent, pushed, accepted, taken):
        dut, buffer = self.dut, self.dut.command_buffer
        left, pending = Signal(_BITS), dut.pending
        m.d.comb += [
            left.eq(requested - pushed),
            Assert(left <= 3),
            Assert(sent == (pushed + pending)[:_BITS]),
            Assert(dut.active == (left != 0)),
            Assert(~dut.active | (dut.address == pushed)),
            Assert(~dut.active | (dut.left == (requested - sent)[:_BITS])),
            Assert(~pending | dut.active),
            Assert(~pending | (dut.beat.data == pushed) & dut.beat.mask & (dut.last == (left == 1))),
            # What a burst has left follows from where it is.
            Assert(~dut.active | (left == Mux(pushed[:2] == 3, 1, 3 - pushed[:2]))),
            Assert(dut.active | (pushed[:2] == 0) | (pushed[:2] == 3)),
            Assert((pushed - taken)[:_BITS] == dut.words.level),
            Assert((pushed - accepted)[:_BITS] == (buffer.o.valid + ~buffer.ready)),
            Assert((accepted - taken)[:_BITS] <= dut.words.level),
            Assert(buffer.ready | buffer.o.valid),
            Assert(~buffer.o.valid | (buffer.o.payload == accepted)),
            Assert(buffer.ready | (buffer.skid == (accepted + 1)[:_BITS])),
            # Somebody else's turn: to send data, to accept a command, to execute one.
            Assert((requested == taken) | (accepted != taken) | dut.command.valid | dut.push | dut.write_data.ready),
        ]
        assert_ring(m, dut.words, lambda entry, offset: (entry.data == (taken + offset)[:_BITS]) & entry.mask
              & (entry.last == (taken + offset)[1]))


def test_reads_are_numbered():
    design = _Reader()
    prove(design, ports=design.inputs, steps=2)


def test_writes_are_numbered():
    design = _Writer()
    prove(design, ports=design.inputs, steps=2)


def test_a_wrong_claim_is_refuted():
    """Words do come out: that none ever does is not proved."""
    design = _Reader()
    design.silent = True
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=9)
