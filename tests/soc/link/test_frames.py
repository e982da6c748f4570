# amaranth: UnusedElaboratable=no
"""Frame receiver and sender with random stalls; CRC of words."""

import random
import zlib

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from gateware.block_ram import BlockRam
from testing.streams import run_stream_test
from soc.link.frame_receiver import FrameReceiver
from soc.link.frame_sender import FrameSender
from soc.link.layouts import FrameHeader, ReceivedFrame
from soc.link.protocol import DELIMITER, FIELDS, Frame, PAYLOAD_BYTES, encode
from soc.link.word_crc import WordCrc


class _Echo(wiring.Component):
    """Receives frames and sends them again, payload and all; `frame` shows each."""

    def __init__(self, bus_bits):
        self.bus_bits = bus_bits
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8)),
                          "frame": Out(stream.Signature(ReceivedFrame))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver(bus_bits=self.bus_bits)
        m.submodules.sender = sender = FrameSender(bus_bits=self.bus_bits)
        m.submodules.buffer = buffer = BlockRam(width=self.bus_bits, depth=PAYLOAD_BYTES * 8 // self.bus_bits)
        connect(m, flipped(self.i), receiver.bytes)
        connect(m, sender.bytes, flipped(self.o))
        bad = receiver.frame.p.damaged | receiver.frame.p.oversized
        m.d.comb += [
            self.frame.valid.eq(receiver.frame.valid & (sender.frame.ready | bad)),
            self.frame.p.eq(receiver.frame.p),
            sender.frame.valid.eq(receiver.frame.valid & ~bad),
            sender.frame.p.eq(receiver.frame.p.header),
            receiver.frame.ready.eq(self.frame.valid),
            buffer.write_enable.eq(receiver.word_enable),
            buffer.write_address.eq(receiver.word_index),
            buffer.write_data.eq(receiver.word),
            buffer.read_enable.eq(sender.read_enable),
            buffer.read_address.eq(sender.word_index),
            sender.word.eq(buffer.read_data),
        ]
        return m


def _frame(rng, payload):
    return Frame(opcode=rng.randrange(256), status=rng.randrange(256), sequence=rng.randrange(1 << 16),
                 address=rng.randrange(1 << 32), value=rng.choice([0x7E7D7E7D, rng.randrange(1 << 32)]),
                 payload=payload)


def _header(frame):
    return {field.name: len(frame.payload) if field.name == "length" else getattr(frame, field.name)
            for field in FIELDS}


@pytest.mark.parametrize("bus_bits", [32, 128, 256])
def test_frames_come_back(bus_bits):
    """What goes through receiver and sender is what was sent, byte for byte, escapes included."""
    rng, word = random.Random(bus_bits), bus_bits // 8
    sizes = [0, word, 3 * word, 0, 8 * word] + [PAYLOAD_BYTES] * (bus_bits == 32)
    frames = [_frame(rng, bytes(rng.choice([0x7E, 0x7D, rng.randrange(256)]) for _ in range(size)))
              for size in sizes]
    wire = b"".join(encode(frame) + bytes([DELIMITER] * rng.randrange(3)) for frame in frames)
    run_stream_test(_Echo(bus_bits), inputs={"i": wire}, outputs={"o": b"".join(map(encode, frames))},
                    seeds=range(3), deadline=60_000)


def test_sends_a_byte_per_cycle():
    rng = random.Random(1)
    wire = b"".join(encode(_frame(rng, b"")) for _ in range(20))
    run_stream_test(_Echo(64), inputs={"i": wire}, outputs={"o": wire}, seeds=[0],
                    deadline=2 * len(wire) + 20 * 8)


class _Receiver(wiring.Component):
    """The receiver, whose frames are streamed out as they are."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(ReceivedFrame))

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = FrameReceiver(bus_bits=32)
        connect(m, flipped(self.i), receiver.bytes)
        connect(m, receiver.frame, flipped(self.o))
        return m


def test_damage_is_seen():
    rng = random.Random(2)
    good = _frame(rng, rng.randbytes(64))
    wire = encode(good)[1:-1]
    longest = encode(_frame(rng, bytes(PAYLOAD_BYTES)))[1:-1]
    bad = [wire[:at] + bytes([wire[at] ^ 1 << rng.randrange(8)]) + wire[at + 1:]
           for at in range(0, len(wire), 3) if wire[at] not in (0x7D, 0x7E, 0x5E, 0x5D)]
    bad = [frame for frame in bad if DELIMITER not in frame]
    bad += [wire[:size] for size in (1, 5, 13, 14, 17, 18, len(wire) - 1)]
    bad += [wire + b"\x00", wire + b"\x7d", b"\x7d"]
    # With the right CRC, but not as long as it says.
    content = bytearray(14 + 8)
    content[4] = 12
    bad.append(bytes(content) + zlib.crc32(content).to_bytes(4, "little"))
    oversized = [longest + bytes(1), longest + bytes(3000)]
    stream = b"\x7e" + b"\x7e".join([wire, *bad, wire, *oversized, longest, wire]) + b"\x7e"
    expected = [(0, 0)] + [(1, 0)] * len(bad) + [(0, 0)] + [None] * len(oversized) + [(0, 0), (0, 0)]
    got = run_stream_test(_Receiver(), inputs={"i": stream}, outputs={"o": len(expected)}, seeds=[1],
                          deadline=60_000)["o"]
    for frame, verdict in zip(got, expected):
        if verdict is None:
            assert frame["oversized"]
        else:
            assert (frame["damaged"], frame["oversized"]) == verdict
    assert [frame["header"] for frame in got if not frame["damaged"]][0] == _header(good)


@pytest.mark.parametrize("width", [32, 64, 256])
def test_crc_of_words(width):
    rng = random.Random(width)
    words = [rng.randbytes(width // 8) for _ in range(20)]
    dut = WordCrc(width=width)

    async def testbench(ctx):
        assert ctx.get(dut.crc) == zlib.crc32(b"")
        for start in (0, 7):
            for index, word in enumerate(words):
                if index >= start:
                    ctx.set(dut.start, index == start)
                    ctx.set(dut.data, int.from_bytes(word, "little"))
                    ctx.set(dut.valid, 1)
                    await ctx.tick()
                    assert ctx.get(dut.crc) == zlib.crc32(b"".join(words[start:index + 1]))
                    ctx.set(dut.valid, 0)
                    ctx.set(dut.start, 0)
                    for _ in range(rng.randrange(3)):
                        await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"^CRC width must be a multiple of 8 of at least 32, not 16$"):
        WordCrc(width=16)
    assert FrameHeader.size == 8 * 14
