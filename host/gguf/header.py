"""The header of a GGUF file, read with every bound checked."""

from collections.abc import Mapping
from dataclasses import dataclass
import struct

import numpy as np
from gguf import GGUFValueType

__all__ = ["Entry", "Header", "Values"]

MAX_BYTES = 1 << 26
"""More than this in a header are a sign of damage, not of a model. Strings are those of all lists together: the largest
published vocabularies have 0.3 million tokens and 0.6 million merges."""

MAX_KEYS = 1 << 17
MAX_TENSORS = 1 << 16
MAX_STRINGS = 1 << 21
_MAX_DIMENSIONS = 4
_MAX_NAME = 1 << 12

_VERSIONS = (2, 3)
_ALIGNMENT = 32
_SCALARS = {
    GGUFValueType.UINT8: "<u1", GGUFValueType.INT8: "<i1", GGUFValueType.UINT16: "<u2", GGUFValueType.INT16: "<i2",
    GGUFValueType.UINT32: "<u4", GGUFValueType.INT32: "<i4", GGUFValueType.UINT64: "<u8", GGUFValueType.INT64: "<i8",
    GGUFValueType.FLOAT32: "<f4", GGUFValueType.FLOAT64: "<f8", GGUFValueType.BOOL: "?",
}
_DTYPES = {int(kind): np.dtype(dtype) for kind, dtype in _SCALARS.items()}
_STRING, _ARRAY = int(GGUFValueType.STRING), int(GGUFValueType.ARRAY)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a key is.

    Attributes
    ----------
    start, value, stop : int
        Bytes of the file at which the entry, its value without type and count, and what follows begin.
    kind : int
        `gguf.GGUFValueType` of the value or, for a list, of its items.
    count : int or None
        Length of a list; None for a single value.
    """

    start: int
    value: int
    stop: int
    kind: int
    count: int | None


class Values(Mapping):
    """Values of the keys of a header, each read when it is first asked for.

    A value is an int, float, bool or str, or a list of str or an array of numbers. A byte that is no UTF-8 is a lone
    surrogate in its str, as Python's ``surrogateescape`` has it.
    """

    def __init__(self, data, entries):
        self._data, self._entries, self._read = data, entries, {}

    def __getitem__(self, key):
        if key not in self._read:
            self._read[key] = self._value(self._entries[key])
        return self._read[key]

    def __contains__(self, key):
        return key in self._entries

    def __iter__(self):
        return iter(self._entries)

    def __len__(self):
        return len(self._entries)

    def _value(self, entry):
        if entry.kind == _STRING:
            texts = self._texts(entry.value, 1 if entry.count is None else entry.count)
            return next(texts) if entry.count is None else list(texts)
        dtype = _DTYPES[entry.kind]
        numbers = np.frombuffer(self._data[entry.value:entry.stop], np.uint8).copy()
        if dtype == bool:
            numbers = numbers != 0  # a byte that is neither 0 nor 1 is no bool of NumPy
        numbers = numbers.view(dtype)
        return numbers[0].item() if entry.count is None else numbers

    def _texts(self, offset, count):
        data, length_at = self._data, struct.Struct("<Q").unpack_from
        for _ in range(count):
            start = offset + 8
            offset = start + length_at(data, offset)[0]
            yield str(data[start:offset], "utf-8", "surrogateescape")


class Header:
    """Directory of a GGUF file (version 2 or 3, little-endian): where its keys and tensors are.

    It costs the memory of names and offsets, and the time to step over what values there are; no list is built.

    Parameters
    ----------
    data : bytes-like
        The whole file.

    Attributes
    ----------
    entries : dict of str to Entry
    values : Values
    alignment : int
        Tensors begin at multiples of it.
    tensors : list of (str, tuple of int, int, int)
        Name, dimensions in GGUF order (row length first), ggml's number of the format, and offset in the file in bytes.

    Raises
    ------
    EOFError
        If the file ends within the header; the message says where.
    ValueError
        If the header is malformed.
    """

    def __init__(self, data):
        self._data, self._at, self._strings = memoryview(data), 4, 0
        version, = self._take("<I")
        if version not in _VERSIONS:
            if int.from_bytes(version.to_bytes(4, "little"), "big") in _VERSIONS:
                raise ValueError("big-endian files are not supported")
            raise ValueError(f"version must be 2 or 3, not {version}")
        tensors, keys = self._take("<QQ")
        if keys > MAX_KEYS:
            raise ValueError(f"{keys} keys are more than {MAX_KEYS}")
        if tensors > MAX_TENSORS:
            raise ValueError(f"{tensors} tensors are more than {MAX_TENSORS}")
        self.entries = {}
        for _ in range(keys):
            self._take_entry()
        self.values = Values(self._data, self.entries)
        self.alignment = self._alignment()
        infos = {}
        for _ in range(tensors):
            self._take_tensor(infos)
        start = -(-self._at // self.alignment) * self.alignment
        self.tensors = [(name, dims, kind, start + offset) for name, (dims, kind, offset) in infos.items()]

    def _take(self, layout):
        start = self._skip(struct.calcsize(layout))
        return struct.unpack_from(layout, self._data, start)

    def _skip(self, size):
        """Step over so many bytes; returns where they begin."""
        start, stop = self._at, self._at + size
        if stop > len(self._data):
            raise EOFError(f"its header reaches byte {stop}, the file has {len(self._data)}")
        if stop > MAX_BYTES:
            raise ValueError(f"it reaches byte {stop}, more than {MAX_BYTES}")
        self._at = stop
        return start

    def _take_name(self, what):
        length, = self._take("<Q")
        if length > _MAX_NAME:
            raise ValueError(f"the name of a {what} has {length} bytes, more than {_MAX_NAME}")
        start = self._skip(length)
        try:
            return str(self._data[start:self._at], "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"the name of a {what} is not UTF-8: {bytes(self._data[start:self._at][:40])!r}") from None

    def _take_entry(self):
        start = self._at
        name = self._take_name("key")
        if name in self.entries:
            raise ValueError(f"key {name!r} occurs twice")
        kind, = self._take("<I")
        count = None
        if kind == _ARRAY:
            kind, count = self._take("<IQ")
        if count is not None and kind == _ARRAY:
            raise ValueError(f"key {name!r} is a list of lists, which is not supported")
        if kind != _STRING and kind not in _DTYPES:
            what = "a value" if count is None else "items"
            raise ValueError(f"key {name!r} has {what} of the unknown type {kind}")
        value = self._at
        if kind == _STRING:
            self._skip_strings(name, 1 if count is None else count)
        else:
            self._skip((1 if count is None else count) * _DTYPES[kind].itemsize)
        self.entries[name] = Entry(start, value, self._at, kind, count)

    def _skip_strings(self, name, count):
        self._strings += count
        if self._strings > MAX_STRINGS:
            raise ValueError(f"key {name!r} makes {self._strings} strings, more than {MAX_STRINGS}")
        data, offset, last, length_at = self._data, self._at, len(self._data) - 8, struct.Struct("<Q").unpack_from
        for _ in range(count):
            if offset > last:
                offset += 8
                break
            offset += 8 + length_at(data, offset)[0]
        self._skip(offset - self._at)

    def _alignment(self):
        alignment = self.values.get("general.alignment", _ALIGNMENT)
        entry = self.entries.get("general.alignment")
        if entry and (entry.count is not None or entry.kind != GGUFValueType.UINT32):
            raise ValueError("key 'general.alignment' must be a 32-bit unsigned integer")
        if not alignment or alignment & alignment - 1:
            raise ValueError(f"key 'general.alignment' must be a power of two, not {alignment}")
        return alignment

    def _take_tensor(self, infos):
        name = self._take_name("tensor")
        if name in infos:
            raise ValueError(f"tensor {name!r} occurs twice")
        count, = self._take("<I")
        if count > _MAX_DIMENSIONS:
            raise ValueError(f"tensor {name!r} has {count} dimensions, more than {_MAX_DIMENSIONS}")
        dims = self._take(f"<{count}Q")
        kind, offset = self._take("<IQ")
        if offset % self.alignment:
            raise ValueError(f"tensor {name!r} begins at {offset} of the data, no multiple of {self.alignment}")
        infos[name] = dims, kind, offset
