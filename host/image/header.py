"""First bytes of a memory image."""

from dataclasses import astuple, dataclass, fields
import struct

from host.errors import CelosiaError

__all__ = ["FORMAT", "HEADER_BYTES", "Header", "MAGIC", "VERSION"]

HEADER_BYTES = 128
"""Space of the header, padding included; what follows is aligned to it."""

MAGIC = b"CELOSIA\0"
"""First bytes of every image."""

VERSION = 6
"""Changes with the meaning of any byte of an image."""

FORMAT = "<8sIIQQQQQQIIIIIIIII"
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
        Bytes of DRAM the model needs, KV cache and results included.
    program : int
        Byte address of the first program; of a decoder the one that decodes one token.
    table : int
        Byte address of the table of all programs.
    results : int
        Byte address of what the host reads, fp32, a row for each token: logits of a group; of an encoder, states of a
        text.
    programs : int
        Number of programs.
    vocab : int
        Tokens of the vocabulary.
    width : int
        Numbers of a row of results.
    row_bytes : int
        Bytes from a row to the next.
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
    table: int
    results: int
    programs: int
    vocab: int
    width: int
    row_bytes: int
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
