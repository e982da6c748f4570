"""The protocol's own encoding, against zlib and by hand."""

import random
import zlib

import pytest

from soc.link.protocol import DELIMITER, FIELDS, Frame, FrameError, HEADER_BYTES, Opcode, decode, encode


def test_a_frame_by_hand():
    """Address and payload hold what must be escaped."""
    frame = Frame(opcode=Opcode.WRITE_MEMORY, sequence=0x0201, address=0x7D7E7F00, value=9, payload=b"\x7e\x00")
    content = bytes([2, 0, 1, 2, 2, 0, 0x00, 0x7F, 0x7E, 0x7D, 9, 0, 0, 0, 0x7E, 0x00])
    content += zlib.crc32(content).to_bytes(4, "little")
    escaped = b"".join({0x7E: b"\x7d\x5e", 0x7D: b"\x7d\x5d"}.get(byte, bytes([byte])) for byte in content)
    assert encode(frame) == b"\x7e" + escaped + b"\x7e"
    assert decode(escaped) == frame


def test_every_frame_comes_back():
    rng = random.Random(1)
    for size in range(200):
        payload = bytes(rng.choice([0x7E, 0x7D, 0x5E, rng.randrange(256)]) for _ in range(size))
        frame = Frame(opcode=rng.randrange(256), status=rng.randrange(256), sequence=rng.randrange(1 << 16),
                      address=rng.randrange(1 << 32), value=rng.randrange(1 << 32), payload=payload)
        wire = encode(frame)
        assert wire[0] == wire[-1] == DELIMITER and DELIMITER not in wire[1:-1]
        assert decode(wire[1:-1]) == frame


def test_damage_is_told():
    wire = encode(Frame(opcode=Opcode.READ_REGISTER, sequence=5))[1:-1]
    with pytest.raises(FrameError, match=r"^Frame must have at least 18 bytes, not 17$"):
        decode(wire[:-1])
    with pytest.raises(FrameError, match=r"^CRC of the frame must be 0x[0-9a-f]{8}, not 0x[0-9a-f]{8}$"):
        decode(wire[:3] + bytes([wire[3] ^ 1]) + wire[4:])
    with pytest.raises(FrameError, match=r"^Frame must not end with an escape$"):
        decode(wire + b"\x7d")
    content = bytes([4, 0, 0, 0, 8, 0, 1]) + bytes(7) + bytes(4)
    with pytest.raises(FrameError, match=r"^Length of the frame must be that of its payload, 4 bytes$"):
        decode(content + zlib.crc32(content).to_bytes(4, "little"))
    with pytest.raises(ValueError, match=r"^Field 'sequence' must be 0\.\.65535, not 65536$"):
        encode(Frame(opcode=0, sequence=1 << 16))


def test_header():
    assert HEADER_BYTES == 14
    assert {field.name for field in FIELDS} == {"length"} | {*Frame.__dataclass_fields__} - {"payload"}
