"""A GGUF file like another one, with other tensors."""

import math
import struct

from gguf import GGUFValueType

from host.gguf.foreign import type_name
from host.gguf.tensor import Tensor
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["GGUFCopy"]

_MAGIC, _VERSION = b"GGUF", 3


class GGUFCopy:
    """Takes the metadata of a model as they are, byte by byte, and writes them with new tensors into one file.

    Of a model that was split, these are the keys of the first part without those that say so.

    Parameters
    ----------
    source : host.gguf.file.GGUFFile
        A sound file: one that `host.gguf.model.load` takes.

    Attributes
    ----------
    tensors : list of host.gguf.tensor.Tensor
        Of the original, in its order.
    dims : dict of str to tuple of int
        Dimensions of each, in GGUF order (row length first).
    """

    def __init__(self, source):
        self._source = source
        self.dims = {name: info.dims for name, info in source.tensors.items()}
        self.tensors = [*map(_as_tensor, source.tensors.values())]

    def write(self, file, metadata, tensors):
        """Write the file.

        Parameters
        ----------
        file : binary file
        metadata : dict of str to (int or None)
            Keys that change or are new, as 32-bit unsigned integers; None leaves a key out.
        tensors : list of (str, int, int, iterable of numpy.ndarray)
            Name of an original tensor, ggml's number of its new format, bytes, and the data, taken piece by piece while
            it is written.
        """
        header = self._source.parts[0].header
        alignment = header.alignment
        # Changed entries stay where they are, new ones come last.
        entries = dict(self._entries(header)) | {
            key: b"" if value is None else _string(key) + struct.pack("<II", GGUFValueType.UINT32, value)
            for key, value in metadata.items()}
        entries = list(filter(None, entries.values()))
        head = struct.pack("<4sIQQ", _MAGIC, _VERSION, len(tensors), len(entries)) + b"".join(entries)
        offset = 0
        for name, kind, size, _data in tensors:
            dims = self.dims[name]
            head += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
            offset += size + -size % alignment
        file.write(head + bytes(-len(head) % alignment))
        for _name, _kind, size, data in tensors:
            for piece in data:
                file.write(piece.tobytes())
            file.write(bytes(-size % alignment))

    def _entries(self, header):
        """Key and bytes of each metadata entry."""
        data = self._source.parts[0].data
        for name, entry in header.entries.items():
            if not name.startswith("split."):
                yield name, data[entry.start:entry.stop].tobytes()


def _as_tensor(info):
    columns, rows = info.dims[0], math.prod(info.dims[1:])
    kind = TENSOR_TYPES[type_name(info.type_code)]
    row_bytes = columns // kind.block * kind.block_bytes
    raw = info.data[info.offset:info.offset + rows * row_bytes].reshape(rows, row_bytes)
    return Tensor(info.name, (rows, columns), kind.name, raw)


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
