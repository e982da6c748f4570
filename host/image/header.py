"""First bytes of a memory image."""

from dataclasses import astuple, dataclass, fields
import struct

from host.errors import CelosiaError

__all__ = ["FORMAT", "HEADER_BYTES", "Header", "MAGIC", "VERSION"]

HEADER_BYTES = 128
"""Space of the header, padding included; what follows is aligned to it."""

MAGIC = b"CELOSIA\0"
"""First bytes of every image."""

VERSION = 4
"""Changes with the meaning of any byte of an image."""

FORMAT = "<8sIIQQQQQIIIIIII"
"""Magic, version, bytes of the header and the fields of `Header`, as :mod:`struct` has them."""

_LAYOUT = struct.Struct(FORMAT)


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a loader must know of an image.

    Attributes
    ----------
    image_key : int
        :attr:`gateware.config.Config.image_key` of the configuration it was packed for.
    content_bytes : int
        Bytes that are loaded, header included; the rest of the image starts as zeros.
    image_bytes : int
        Bytes of DRAM the model needs, KV cache and logits included.
    program : int
        Byte address of the program that decodes one token; those of groups follow it.
    logits : int
        Byte address of the fp32 logits of a group, one token after another.
    instructions : int
        Number of instructions of that program, ``END`` included.
    vocab : int
        Tokens of the vocabulary: logits of each token.
    context : int
        Positions of the KV cache.
    group : int
        Most tokens of a group.
    bus_bits : int
        Width of a bus word.
    kv_bits : int
        Bits of a code in the KV cache.
    crc : int
        CRC-32 of the content after the header.
    """

    image_key: int
    content_bytes: int
    image_bytes: int
    program: int
    logits: int
    instructions: int
    vocab: int
    context: int
    group: int
    bus_bits: int
    kv_bits: int
    crc: int

    def pack(self):
        """The header as ``HEADER_BYTES`` bytes."""
        return _LAYOUT.pack(MAGIC, VERSION, HEADER_BYTES, *astuple(self)).ljust(HEADER_BYTES, b"\0")

    @classmethod
    def unpack(cls, data):
        """Read a header.

        Raises
        ------
        CelosiaError
            If ``data`` does not begin with a header of this version.
        """
        if len(data) < HEADER_BYTES:
            raise CelosiaError(f"Image header must have {HEADER_BYTES} bytes, not {len(data)}")
        magic, version, size, *values = _LAYOUT.unpack_from(data)
        if magic != MAGIC:
            raise CelosiaError(f"Image magic must be {MAGIC!r}, not {magic!r}")
        if version != VERSION or size != HEADER_BYTES:
            raise CelosiaError(f"Image version must be {VERSION}, not {version}")
        return cls(**dict(zip((field.name for field in fields(cls)), values)))
