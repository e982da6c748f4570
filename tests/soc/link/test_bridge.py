# amaranth: UnusedElaboratable=no
"""The bridge, compiled: every operation, every refusal, and ten thousand damaged
frames."""

import random
import zlib

import pytest

from host.transport.frame_stream import FrameStream
from soc.link.bridge import LinkBridge
from soc.link.protocol import DELIMITER, Frame, Opcode, PAYLOAD_BYTES, Register, Status, VERSION, encode

BUS, IDENTITY, MEMORY_BYTES = 8, 0x1122334455667788, 1 << 20
FRAMES, BATCH = 10_000, 250


def _content(wire):
    return zlib.crc32(wire.bridge.content)


@pytest.mark.parametrize("options", [
    {}, dict(dram=dict(stall_probability=0.5, seed=1, latency=3), link_stalls=0.3, seed=2),
    dict(dram=dict(stall_probability=0.1, seed=3, latency=90, outstanding=1), link_stalls=0.8, seed=4)],
    ids=["straight", "stalls", "slow"])
def test_every_operation(make_wire, options):
    wire, rng = make_wire(**options), random.Random(7)
    memory = wire.bridge.content
    answer = wire.ask(Opcode.CONNECT, sequence=65530, value=0x12345678)
    assert answer == Frame(opcode=Opcode.CONNECT, sequence=65530, value=0x12345678)
    constants = {Register.VERSION: VERSION, Register.CONFIG_LOW: IDENTITY & 0xFFFFFFFF,
                 Register.CONFIG_HIGH: IDENTITY >> 32, Register.BUS_BYTES: BUS,
                 Register.MEMORY_BYTES: memory.size, Register.PAYLOAD_BYTES: PAYLOAD_BYTES, Register.BUSY: 0,
                 Register.TOKEN: 0, Register.START: 0, Register.COUNTER: 0}
    for register, value in constants.items():
        assert wire.ask(Opcode.READ_REGISTER, address=register).value == value
    for register, bits in ((Register.MEMBER, 5), (Register.POSITION, 16), (Register.PROGRAM, 32)):
        value = rng.getrandbits(bits) | 1
        assert wire.ask(Opcode.WRITE_REGISTER, address=register, value=value).status == Status.OK
        assert wire.ask(Opcode.READ_REGISTER, address=register).value == value
    # The numbers have begun again with 0 by now.
    assert wire.expected < 100
    for size in (BUS, PAYLOAD_BYTES, 3 * BUS, 65 * BUS):
        address = BUS * rng.randrange(5000)
        before, data = memory.tobytes(), rng.randbytes(size)
        answer = wire.ask(Opcode.WRITE_MEMORY, address=address, payload=data)
        assert (answer.status, answer.address, answer.payload) == (Status.OK, address, b"")
        after = before[:address] + data + before[address + size:]
        assert memory.tobytes() == after
        start = max(0, address - 2 * BUS)
        answer = wire.ask(Opcode.READ_MEMORY, address=start, value=PAYLOAD_BYTES)
        assert answer.payload == after[start:start + PAYLOAD_BYTES]
        answer = wire.ask(Opcode.CRC_MEMORY, address=start, value=size + 4 * BUS)
        assert answer.value == zlib.crc32(after[start:start + size + 4 * BUS])
    end = memory.size - 3 * BUS
    assert wire.ask(Opcode.READ_MEMORY, address=end, value=3 * BUS).payload == memory[end:].tobytes()


def test_crc_at_the_speed_of_the_memory(make_wire):
    wire = make_wire()
    wire.ask(Opcode.CONNECT)
    start, size = wire.bridge.cycle, 1 << 19
    answer = wire.ask(Opcode.CRC_MEMORY, address=0, value=size)
    assert answer.value == zlib.crc32(wire.bridge.content[:size])
    assert wire.bridge.cycle - start < 1.1 * size / BUS


@pytest.mark.parametrize("status, opcode, fields", [
    (Status.ORDER, Opcode.WRITE_MEMORY, dict(payload=bytes(64), sequence=99)),
    (Status.ORDER, Opcode.WRITE_REGISTER, dict(address=Register.START, sequence=101)),
    (Status.UNKNOWN, 6, {}),
    (Status.UNKNOWN, Opcode.READ_REGISTER, dict(address=13)),
    (Status.UNKNOWN, Opcode.READ_REGISTER, dict(address=32)),
    (Status.UNKNOWN, Opcode.READ_REGISTER, dict(address=(1 << 32) - 1)),
    (Status.UNKNOWN, Opcode.WRITE_REGISTER, dict(address=Register.ARGMAX)),
    (Status.UNKNOWN, Opcode.WRITE_REGISTER, dict(address=Register.COUNTER)),
    (Status.RANGE, Opcode.WRITE_MEMORY, dict(payload=b"")),
    (Status.RANGE, Opcode.WRITE_MEMORY, dict(payload=bytes(BUS - 1))),
    (Status.RANGE, Opcode.WRITE_MEMORY, dict(payload=bytes(BUS), address=BUS // 2)),
    (Status.RANGE, Opcode.WRITE_MEMORY, dict(payload=bytes(2 * BUS), address=MEMORY_BYTES - BUS)),
    (Status.RANGE, Opcode.WRITE_MEMORY, dict(payload=bytes(BUS), address=(1 << 32) - BUS)),
    (Status.RANGE, Opcode.READ_MEMORY, dict(value=PAYLOAD_BYTES + BUS)),
    (Status.RANGE, Opcode.READ_MEMORY, dict(value=0)),
    (Status.RANGE, Opcode.READ_MEMORY, dict(value=BUS, address=MEMORY_BYTES)),
    (Status.RANGE, Opcode.CRC_MEMORY, dict(value=BUS << 24)),
    (Status.RANGE, Opcode.CRC_MEMORY, dict(value=(1 << 32) - BUS, address=BUS)),
    (Status.RANGE, Opcode.WRITE_REGISTER, dict(address=Register.START, payload=bytes(BUS))),
    (Status.RANGE, Opcode.CONNECT, dict(sequence=7, payload=bytes(BUS))),
])
def test_what_is_not_possible_changes_nothing(make_wire, status, opcode, fields):
    wire = make_wire()
    wire.ask(Opcode.CONNECT, sequence=99)
    before = _content(wire)
    answer = wire.ask(opcode, **fields)
    assert (answer.status, answer.sequence, answer.payload) == (status, 100, b"")
    assert _content(wire) == before
    # Nor the number that is expected.
    assert wire.ask(Opcode.READ_REGISTER, address=Register.BUSY, sequence=100).status == Status.OK


def test_memory_and_registers_belong_to_a_running_accelerator(make_wire):
    wire = make_wire()
    wire.ask(Opcode.CONNECT)
    wire.ask(Opcode.WRITE_REGISTER, address=Register.PROGRAM, value=5)
    before = _content(wire)
    wire.bridge.busy = True
    for opcode, fields in ((Opcode.WRITE_MEMORY, dict(payload=bytes(BUS))), (Opcode.READ_MEMORY, dict(value=BUS)),
                           (Opcode.CRC_MEMORY, dict(value=BUS)),
                           (Opcode.WRITE_REGISTER, dict(address=Register.START)),
                           (Opcode.WRITE_REGISTER, dict(address=Register.PROGRAM, value=6))):
        assert wire.ask(opcode, **fields).status == Status.BUSY
    assert wire.ask(Opcode.READ_REGISTER, address=Register.BUSY).value == 1
    assert wire.ask(Opcode.CONNECT, sequence=7).status == Status.OK
    wire.bridge.busy = False
    assert wire.ask(Opcode.READ_REGISTER, address=Register.PROGRAM).value == 5
    assert _content(wire) == before


def test_what_follows_a_refusal_is_refused(make_wire):
    wire = make_wire()
    wire.ask(Opcode.CONNECT)
    before = _content(wire)
    frames = [Frame(opcode=Opcode.WRITE_MEMORY, sequence=sequence, address=address, payload=bytes(64))
              for sequence, address in ((1, 3), (2, 64), (3, 128))]
    answers = wire.send(b"".join(map(encode, frames)))
    assert [(answer.status, answer.sequence) for answer in answers] == [
        (Status.RANGE, 1), (Status.ORDER, 1), (Status.ORDER, 1)]
    assert _content(wire) == before


def _flip(rng, wire):
    data = bytearray(wire)
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _cut(rng, wire):
    return wire[:rng.randrange(1, len(wire))]


def _lose(rng, wire):
    at = rng.randrange(len(wire))
    return wire[:at] + wire[at + rng.randrange(1, 4):]


def _gain(rng, wire):
    at = rng.randrange(len(wire))
    return wire[:at] + rng.randbytes(rng.randrange(1, 4)) + wire[at:]


def _repeat(rng, wire):
    at = rng.randrange(1, len(wire) - 1)
    return wire[:at] + wire[max(1, at - 5):]


def _burst(rng, wire):
    at = rng.randrange(len(wire))
    return wire[:at] + rng.randbytes(min(20, len(wire) - at)) + wire[at + 20:]


def _noise(rng, wire):
    return rng.randbytes(len(wire))


_DAMAGES = (_flip, _flip, _flip, _cut, _lose, _gain, _repeat, _burst, _noise)


def _request(rng, sequence):
    """A request that would change something, if it arrived."""
    kind = rng.randrange(8)
    if kind < 6:
        size = rng.choice([BUS, 2 * BUS, 8 * BUS] + [PAYLOAD_BYTES] * (rng.randrange(20) == 0))
        return Frame(opcode=Opcode.WRITE_MEMORY, sequence=sequence, address=BUS * rng.randrange(1 << 17),
                     payload=rng.randbytes(size))
    register = Register.START if kind == 6 else Register.PROGRAM
    return Frame(opcode=Opcode.WRITE_REGISTER, sequence=sequence, address=register, value=rng.getrandbits(32))


def _wrong(rng, expected):
    """Bytes that are no request, of any of the kinds that there are."""
    kind = rng.randrange(12)
    if kind == 0:  # Out of order.
        return encode(_request(rng, (expected + rng.choice([1, 2, 255, 256, 65535])) % 65536))
    if kind == 1:  # Too long, its CRC right.
        return encode(Frame(opcode=Opcode.WRITE_MEMORY, sequence=expected,
                            payload=rng.randbytes(PAYLOAD_BYTES + rng.choice([1, BUS, 1000]))))
    return rng.choice(_DAMAGES)(rng, encode(_request(rng, expected)))


def _is_possible(frame, expected):
    return (isinstance(frame, Frame) and len(frame.payload) <= PAYLOAD_BYTES
            and (frame.sequence == expected or frame.opcode == Opcode.CONNECT))


def test_ten_thousand_damaged_frames(make_wire):
    """None changes memory, registers or the expected number; each gets a negative answer or none; then all is
    well."""
    wire, rng, seed_note = make_wire(), random.Random(20), "seed 20"
    wire.ask(Opcode.CONNECT, sequence=500)
    wire.ask(Opcode.WRITE_REGISTER, address=Register.PROGRAM, value=77)
    before, statuses, sent = _content(wire), [], 0
    while sent < FRAMES:
        batch = bytearray()
        for _ in range(BATCH):
            # What is left of a frame by accident must not be a request that is in order.
            while True:
                piece = _wrong(rng, wire.expected)
                whole = FrameStream().push(bytes([DELIMITER]) + piece + bytes([DELIMITER]))
                if not any(_is_possible(frame, wire.expected) for frame in whole):
                    break
            batch += piece
            # Half of them run into the next one.
            batch += bytes([DELIMITER]) * rng.randrange(2)
        sent += BATCH
        answers = wire.send(bytes(batch) + bytes([DELIMITER]))
        assert all(isinstance(answer, Frame) for answer in answers), seed_note
        assert all(answer.status != Status.OK and answer.sequence == wire.expected
                   for answer in answers), seed_note
        statuses += [answer.status for answer in answers]
    assert _content(wire) == before, seed_note
    assert {*statuses} == {Status.DAMAGED, Status.OVERSIZED, Status.ORDER}
    assert len(statuses) > FRAMES // 2
    assert wire.ask(Opcode.READ_REGISTER, address=Register.PROGRAM).value == 77
    data = rng.randbytes(PAYLOAD_BYTES)
    wire.ask(Opcode.WRITE_MEMORY, address=4096, payload=data)
    assert wire.ask(Opcode.READ_MEMORY, address=4096, value=PAYLOAD_BYTES).payload == data


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"^Memory size must be a multiple of 16 bytes below 4 GiB, not 24$"):
        LinkBridge(identity=0, bus_bits=128, memory_bytes=24)
    with pytest.raises(ValueError, match=r"^Memory size must be a multiple of 16 bytes below 4 GiB, not 42949"):
        LinkBridge(identity=0, bus_bits=128, memory_bytes=1 << 32)
