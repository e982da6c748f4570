"""A GGUF file taken apart, to be written as odd as one likes."""

from dataclasses import dataclass, field
import struct

import gguf
import numpy as np

__all__ = ["Document", "Key", "KINDS", "TensorEntry"]

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = (int(getattr(gguf.GGUFValueType, name)) for name in (
    "UINT32", "INT32", "FLOAT32", "BOOL", "STRING", "ARRAY"))
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", UINT32: "I", INT32: "i", FLOAT32: "f", BOOL: "?", 10: "Q", 11: "q", 12: "d"}
"""Layout of each type of number."""

KINDS = (*_NUMBERS, STRING)
"""Every type of value but lists."""

_ALIGNMENT = 32


@dataclass
class Key:
    """A metadata entry.

    Attributes
    ----------
    name : str
    kind : int
        `gguf.GGUFValueType`, of the items where the value is a list.
    value : int, float, bool, str, bytes or list of them
    count : int, optional
        Length that the file claims of a list.
    """

    name: str
    kind: int
    value: object
    count: int | None = None


@dataclass
class TensorEntry:
    """A tensor: name, dimensions in GGUF order, ggml's number of the format, bytes, and an error of its offset."""

    name: str
    dims: list[int]
    kind: int
    data: bytes
    shift: int = 0


@dataclass
class Document:
    """Keys and tensors of a file; ``extra_keys`` and ``extra_tensors`` are errors of the counts."""

    keys: list[Key] = field(default_factory=list)
    tensors: list[TensorEntry] = field(default_factory=list)
    version: int = 3
    extra_keys: int = 0
    extra_tensors: int = 0

    @classmethod
    def of(cls, metadata, tensors):
        """A sound document.

        Parameters
        ----------
        metadata : dict of str to (bool, int, float, str or list)
            Integers become 32-bit unsigned ones, or signed ones in lists.
        tensors : dict of str to (numpy.ndarray, str)
            As `testing.micro_model.micro_tensors` makes them.
        """
        keys = [Key(name, _kind(value), value) for name, value in metadata.items()]
        entries = []
        for name, (array, kind) in tensors.items():
            number = gguf.GGMLQuantizationType[kind]
            shape = gguf.quant_shape_from_byte_shape(array.shape, number) if array.dtype == np.uint8 else array.shape
            entries.append(TensorEntry(name, [*map(int, reversed(shape))], int(number), array.tobytes()))
        return cls(keys, entries)

    def find(self, name):
        """The key of a name, or None."""
        return next((key for key in self.keys if key.name == name), None)

    def to_bytes(self):
        """The file."""
        out = bytearray(b"GGUF" + struct.pack("<IQQ", self.version, max(0, len(self.tensors) + self.extra_tensors),
                                              max(0, len(self.keys) + self.extra_keys)))
        for key in self.keys:
            out += _text(key.name)
            if isinstance(key.value, list):
                count = len(key.value) if key.count is None else key.count
                out += struct.pack("<IIQ", ARRAY, key.kind, count)
                out += b"".join(pack(key.kind, item) for item in key.value)
            else:
                out += struct.pack("<I", key.kind) + pack(key.kind, key.value)
        offset = 0
        for tensor in self.tensors:
            out += _text(tensor.name)
            dims = [dim % (1 << 64) for dim in tensor.dims]
            out += struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, tensor.kind % (1 << 32),
                               (offset + tensor.shift) % (1 << 64))
            offset += len(tensor.data) + -len(tensor.data) % _ALIGNMENT
        out += bytes(-len(out) % _ALIGNMENT)
        for tensor in self.tensors:
            out += tensor.data + bytes(-len(tensor.data) % _ALIGNMENT)
        return bytes(out)


def pack(kind, value):
    """Bytes of a value, whether or not it is of that type: numbers wrap round, and what is no number counts as one."""
    if kind not in _NUMBERS:
        return _text(value if isinstance(value, (str, bytes)) else repr(value))
    layout = "<" + _NUMBERS[kind]
    number = value if isinstance(value, (bool, int, float)) else len(value)
    if kind in (FLOAT32, 12):
        try:
            return struct.pack(layout, number)
        except OverflowError:
            return struct.pack(layout, float("inf"))
    if kind == BOOL:
        return struct.pack(layout, number)
    size = struct.calcsize(layout)
    whole = int(number) if abs(number) < 1e30 else 0  # neither infinity nor NaN
    return (whole % (1 << 8 * size)).to_bytes(size, "little")


def _text(value):
    data = value if isinstance(value, bytes) else value.encode(errors="surrogateescape")
    return struct.pack("<Q", len(data)) + data


def _kind(value):
    if isinstance(value, list):
        return INT32 if isinstance(value[0], int) else _kind(value[0])
    return {bool: BOOL, int: UINT32, float: FLOAT32, str: STRING}[type(value)]
