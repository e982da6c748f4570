"""The client on all transports: loads that resume, lines with errors, hosts that are killed."""

import random
import zlib

import pytest

from host.transport.link_client import LinkClient
from host.transport.link_error import LinkError
from host.transport.register_transport import RegisterTransport
from host.transport.serial_transport import SerialTransport
from testing.faulty_transport import DyingTransport, HostKilled, NoisyTransport
from soc.link.byte_registers import VALID_BIT
from soc.link.protocol import Frame, Opcode, PAYLOAD_BYTES, Register, VERSION

BLOCK = 1 << 16


def _client(bench, transport=None, **options):
    return LinkClient(transport or bench.connect(), timeout=bench.timeout, **options)


def _data(size):
    return random.Random(size).randbytes(size)


def test_memory_and_registers(bench):
    client = _client(bench)
    assert client.read_registers(Register.VERSION, Register.BUSY, Register.BUS_BYTES) == [
        VERSION, 0, 8]
    client.write_registers((Register.POSITION, 7), (Register.PROGRAM, 1 << 31))
    assert client.read_registers(Register.PROGRAM, Register.POSITION) == [1 << 31, 7]
    before, data = bench.content[:1 << 16].tobytes(), _data(3 * PAYLOAD_BYTES + 8)
    client.write_memory(800, data)
    assert bench.content[:1 << 16].tobytes() == before[:800] + data + before[800 + len(data):]
    assert client.read_memory(792, len(data) + 16) == before[792:800] + data + before[800 + len(data):][:8]
    assert client.troubles == 0


def test_only_what_is_missing_is_sent(bench):
    data, sizes = _data(4 * BLOCK + 16), []
    transport = bench.connect()
    client = _client(bench, transport)
    assert client.load_memory(64, data, progress=sizes.append) == len(data)
    assert bench.content[64:64 + len(data)].tobytes() == data
    assert sizes[0] == 0 and sum(sizes) == len(data) and len(sizes) > len(data) / PAYLOAD_BYTES
    # Another host: the board tells that it holds all of it.
    sizes.clear()
    bench.disconnect(transport)
    client = _client(bench)
    assert client.load_memory(64, data, progress=sizes.append) == 0
    assert sizes == [len(data)] and client.written == 0
    # One bit in the third block.
    bench.content[64 + 2 * BLOCK + 5] ^= 1
    sizes.clear()
    assert client.load_memory(64, data, progress=sizes.append) == BLOCK
    assert sizes[0] == len(data) - BLOCK and sum(sizes) == len(data)
    assert bench.content[64:64 + len(data)].tobytes() == data


def test_bit_errors(bench):
    """One bit in ten thousand is wrong, in both directions: the load completes, verified, and nothing else
    changes."""
    transport = bench.connect()
    # What is lost without a trace costs real seconds at a real port.
    data = _data(BLOCK // 2 if isinstance(transport, SerialTransport) else 3 * BLOCK)
    before = bench.content.tobytes()
    noisy = NoisyTransport(transport, rate=1e-4, seed=11)
    client = _client(bench, noisy, attempts=100)
    assert client.load_memory(1024, data) >= len(data)
    assert client.read_memory(1024, 1 << 13) == data[:1 << 13]
    assert noisy.errors > len(data) * 8e-4 and 10 < client.troubles
    assert bench.content.tobytes() == before[:1024] + data + before[1024 + len(data):]


def test_hosts_that_are_killed(bench):
    """At ten random bytes, most of them in the middle of a frame; each new host goes on where the last one
    was."""
    rng, data = random.Random(3), _data(12 * BLOCK)
    for _ in range(10):
        transport = bench.connect()
        client = _client(bench, DyingTransport(transport, after=rng.randrange(1, 2 * BLOCK)))
        with pytest.raises(HostKilled):
            client.load_memory(0, data)
        # A process that is killed closes its port and reads no answers; what it sent is on its way.
        bench.disconnect(transport)
    client = _client(bench)
    sent = client.load_memory(0, data)
    assert bench.content[:len(data)].tobytes() == data
    assert sent < len(data)


def test_an_answer_that_takes_long(bench):
    """The CRC of all of the memory: the simulation goes on while nobody says anything."""
    client = _client(bench)
    request = Frame(opcode=Opcode.CRC_MEMORY, sequence=0, value=bench.content.size)
    (_, answer), = client.exchange([request])
    assert answer.value == zlib.crc32(bench.content)
    assert client.troubles == 0


def test_what_the_board_refuses(bench):
    client = _client(bench)
    with pytest.raises(LinkError, match=r"^.*: the board refuses READ_MEMORY of 0x3: RANGE$"):
        client.read_memory(3, 8)
    # And the next request is answered.
    assert client.read_registers(Register.VERSION) == [VERSION]


def test_a_port_that_is_not_there():
    with pytest.raises(LinkError, match=r"^port /dev/none cannot be opened: "):
        SerialTransport("/dev/none")


def test_registers_that_cannot_be_mapped(tmp_path):
    with pytest.raises(LinkError, match=r"^registers at 0x40000000 of /dev/none cannot be mapped: "):
        RegisterTransport.open("/dev/none")
    (tmp_path / "short").write_bytes(b"too short")
    with pytest.raises(LinkError, match=r"cannot be mapped: "):
        RegisterTransport.open(tmp_path / "short")


def test_registers_are_mapped(tmp_path):
    """From a file with holes in place of the device."""
    path = tmp_path / "memory"
    with open(path, "wb") as file:
        file.truncate(0x4000_1000)
        file.seek(0x4000_0000)
        file.write((1 << VALID_BIT | 0x5a).to_bytes(4, "little") + (3 << 16 | 7).to_bytes(4, "little"))
    with RegisterTransport.open(path) as transport:
        assert transport.read(0) == bytes([0x5a] * 3)
        transport.write(b"\x12\x34")
    with open(path, "rb") as file:
        file.seek(0x4000_0000)
        assert file.read(4) == b"\x34\0\0\0"


def test_a_board_that_takes_nothing(monkeypatch):
    monkeypatch.setattr("host.transport.register_transport._WRITE_SECONDS", 0)
    with pytest.raises(LinkError, match=r"^/dev/mem: the board has taken nothing for 0 s$"):
        RegisterTransport([0, 0]).write(b"x")
