"""The link protocol: what host and board say to each other over a stream of bytes.

The host sends request frames, the board answers each of them with one frame, in order. A frame begins and
ends with a delimiter byte, which occurs nowhere else: in between, a delimiter or an escape is sent as an
escape and the byte with bit 5 inverted. So whatever is lost, added or changed, the next delimiter is the
beginning of something new; no length has to be right for that, and no clock has to run out. Nothing between
two delimiters is no frame.

A frame is the header below, its payload, and the CRC-32 of both (that of zlib). The length in the header says
how long the payload is; it has to agree with what lies between the delimiters.

A request carries the sequence number that the board expects: one more than the last that it answered with
``OK``. Only ``CONNECT`` may carry any, and sets it. A request that is damaged, too long, out of order or not
possible changes nothing, neither memory nor registers nor the expected number; so all that was sent behind it
is refused as well, and the host repeats from there. Every request can be repeated: done twice, it has the
same effect as done once. A host that has lost track connects again, which needs no answer of what went
before.

This file is the only definition. The gateware derives its layouts from it, the host encodes and decodes with
it, ``docs/link.md`` is printed from it. It knows nothing of Amaranth.
"""

from dataclasses import dataclass
from enum import IntEnum
import zlib

__all__ = ["CODES", "CRC_BYTES", "DELIMITER", "ESCAPE", "ESCAPE_BIT", "FIELDS", "Fault", "Field", "Frame",
           "FrameError", "GUARDED_VERSION", "HEADER_BYTES", "Opcode", "PAYLOAD_BYTES", "Register", "SEQUENCES",
           "Status", "VERSION", "decode", "encode"]

VERSION = 2
"""What register ``VERSION`` reads on a board whose programs are not guarded."""

GUARDED_VERSION = 3
"""What it reads on a board that also has the registers ABORT, FAULT and TOKEN_BOUND."""

DELIMITER = 0x7E
"""Begins and ends a frame."""

ESCAPE = 0x7D
"""Stands before a byte of the frame that would be a delimiter or an escape."""

ESCAPE_BIT = 0x20
"""What such a byte is XORed with."""

PAYLOAD_BYTES = 1024
"""Longest payload."""

CRC_BYTES = 4

CODES = 7
"""Opcodes and statuses are below: where text shares the line with frames, they begin with two such bytes. The bell is
no code, for terminals ring it twice."""

SEQUENCES = 1 << 16
"""Sequence numbers before they begin again with 0."""


class Opcode(IntEnum):
    """What a request asks for; the answer repeats it."""

    CONNECT = 0         #: begin: the board expects the next sequence number from now on
    READ_MEMORY = 1     #: `value` bytes of DRAM from `address` on: the payload of the answer
    WRITE_MEMORY = 2    #: the payload to DRAM from `address` on; answered when it is there
    CRC_MEMORY = 3      #: CRC-32 of `value` bytes of DRAM from `address` on: `value` of the answer
    READ_REGISTER = 4   #: register `address`: `value` of the answer
    WRITE_REGISTER = 5  #: `value` to register `address`


class Status(IntEnum):
    """What became of a request."""

    OK = 0         #: done
    DAMAGED = 1    #: the CRC is wrong, or the frame is truncated
    OVERSIZED = 2  #: the frame is longer than a frame can be
    ORDER = 3      #: the sequence number is not the expected one
    UNKNOWN = 4    #: there is no such opcode, or no such register, or it cannot be written
    RANGE = 5      #: address or size is no multiple of a bus word, zero, too large or outside the memory; or no TOKEN
    BUSY = 6       #: the accelerator is running or claimed by the board's processor, or the DRAM is not up: ask again


class Register(IntEnum):
    """Registers of 32 bits; those from MEMBER to TOKEN_BOUND can be written, FAULT aside. The last three before the
    counters are there from version 3 on."""

    VERSION = 0         #: version of the protocol
    CONFIG_LOW = 1      #: key of the images that fit the configuration, low half
    CONFIG_HIGH = 2     #: high half
    BUS_BYTES = 3       #: bytes of a bus word
    MEMORY_BYTES = 4    #: bytes of DRAM
    PAYLOAD_BYTES = 5   #: longest payload
    BUSY = 6            #: 1: the accelerator is running
    ARGMAX = 7          #: most likely token after that of MEMBER
    MEMBER = 8          #: token of the group that TOKEN and ARGMAX are about
    POSITION = 9        #: position of the group's first token
    PROGRAM = 10        #: bus word of the first instruction
    TOKEN = 11          #: id of the token of MEMBER; reads as 0
    START = 12          #: any value: run the program; reads as 0
    ABORT = 13          #: any value, also while BUSY is 1: end the program that runs; reads as 0
    FAULT = 14          #: how the latest program ended, see below; 0 while it runs
    TOKEN_BOUND = 15    #: TOKEN is refused from here on: size of the vocabulary; 2**32 - 1 after power-on
    COUNTER = 16        #: and the 15 that follow: performance counters


class Fault(IntEnum):
    """Content of register FAULT."""

    NONE = 0     #: by itself
    ABORTED = 1  #: somebody wrote to ABORT
    OUTSIDE = 2  #: it was ended because it asked for memory that is not there


@dataclass(frozen=True)
class Field:
    """One field of the header, little-endian.

    Attributes
    ----------
    name : str
    size : int
        Bytes.
    doc : str
    """

    name: str
    size: int
    doc: str


FIELDS = (
    Field("opcode", 1, "What is asked for."),
    Field("status", 1, "Answer: what became of it. Request: 0."),
    Field("sequence", 2, "Request: its number. Answer: the number that the board had expected."),
    Field("length", 2, "Bytes of the payload."),
    Field("address", 4, "Byte address in DRAM, or number of a register; the answer repeats it."),
    Field("value", 4, "Number of bytes, content of a register, or CRC; else any, and the answer repeats it."),
)

HEADER_BYTES = sum(field.size for field in FIELDS)


class FrameError(ValueError):
    """Bytes between two delimiters that are no frame."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame; the fields are those of the header, the length aside."""

    opcode: int
    sequence: int
    status: int = 0
    address: int = 0
    value: int = 0
    payload: bytes = b""


def encode(frame):
    """A frame as it goes over the wire, delimiters included.

    Raises
    ------
    ValueError
        If a value does not fit its field.
    """
    header = b""
    for field in FIELDS:
        value = int(len(frame.payload) if field.name == "length" else getattr(frame, field.name))
        if not 0 <= value < 1 << 8 * field.size:
            raise ValueError(f"Field {field.name!r} must be 0..{(1 << 8 * field.size) - 1}, not {value!r}")
        header += value.to_bytes(field.size, "little")
    content = header + frame.payload
    content += zlib.crc32(content).to_bytes(CRC_BYTES, "little")
    # The escape first: what replaces the delimiter contains one.
    for byte in (ESCAPE, DELIMITER):
        content = content.replace(bytes([byte]), bytes([ESCAPE, byte ^ ESCAPE_BIT]))
    return bytes([DELIMITER]) + content + bytes([DELIMITER])


def decode(data):
    """The :class:`Frame` that the bytes between two delimiters are.

    Raises
    ------
    FrameError
        If they are none: damaged or truncated.
    """
    content, position = bytearray(), 0
    while (escape := data.find(ESCAPE, position)) >= 0:
        if escape + 1 == len(data):
            raise FrameError("Frame must not end with an escape")
        content += data[position:escape] + bytes([data[escape + 1] ^ ESCAPE_BIT])
        position = escape + 2
    content += data[position:]
    if len(content) < HEADER_BYTES + CRC_BYTES:
        raise FrameError(f"Frame must have at least {HEADER_BYTES + CRC_BYTES} bytes, not {len(content)}")
    content, crc = bytes(content[:-CRC_BYTES]), int.from_bytes(content[-CRC_BYTES:], "little")
    if zlib.crc32(content) != crc:
        raise FrameError(f"CRC of the frame must be {zlib.crc32(content):#010x}, not {crc:#010x}")
    values, offset = {}, 0
    for field in FIELDS:
        values[field.name] = int.from_bytes(content[offset:offset + field.size], "little")
        offset += field.size
    if values.pop("length") != len(content) - HEADER_BYTES:
        raise FrameError(f"Length of the frame must be that of its payload, "
                         f"{len(content) - HEADER_BYTES} bytes")
    return Frame(**values, payload=content[HEADER_BYTES:])
