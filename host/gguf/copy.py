"""A GGUF file like another one, with other tensors."""

import struct

from gguf import GGUFReader, GGUFValueType
import numpy as np

from host.gguf.tensor import Tensor

__all__ = ["GGUFCopy"]

_MAGIC, _VERSION = b"GGUF", 3


class GGUFCopy:
    """Takes the metadata of a file as they are, byte by byte, and writes them with new tensors.

    Parameters
    ----------
    path : str or os.PathLike
        A sound file: one that `host.gguf.model.load` takes.

    Attributes
    ----------
    tensors : list of host.gguf.tensor.Tensor
        Of the original, in its order.
    dims : dict of str to tuple of int
        Dimensions of each, in GGUF order (row length first).
    """

    def __init__(self, path):
        self._reader = GGUFReader(path)
        self.dims = {tensor.name: tuple(tensor.shape.tolist()) for tensor in self._reader.tensors}
        self.tensors = [_as_tensor(tensor) for tensor in self._reader.tensors]

    def write(self, file, metadata, tensors):
        """Write the file.

        Parameters
        ----------
        file : binary file
        metadata : dict of str to (int or None)
            Keys that change or are new, as 32-bit unsigned integers; None leaves a key out.
        tensors : list of (str, gguf.GGMLQuantizationType, int, iterable of numpy.ndarray)
            Name of an original tensor, new format, bytes, and the data, taken piece by piece while it is
            written.
        """
        alignment = int(self._reader.alignment)
        # Changed entries stay where they are, new ones come last.
        entries = dict(self._entries()) | {
            key: b"" if value is None else _string(key) + struct.pack("<II", GGUFValueType.UINT32, value)
            for key, value in metadata.items()}
        entries = list(filter(None, entries.values()))
        header = struct.pack("<4sIQQ", _MAGIC, _VERSION, len(tensors), len(entries)) + b"".join(entries)
        offset = 0
        for name, kind, size, _data in tensors:
            dims = self.dims[name]
            header += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
            offset += size + -size % alignment
        file.write(header + bytes(-len(header) % alignment))
        for _name, _kind, size, data in tensors:
            for piece in data:
                file.write(piece.tobytes())
            file.write(bytes(-size % alignment))

    def _entries(self):
        """Key and bytes of each metadata entry."""
        reader = self._reader
        # The reader lists what stands before the entries, the version and two counts, as entries of its own.
        fields = [field for field in reader.fields.values() if not field.name.startswith("GGUF.")]
        stops = [field.offset for field in fields[1:]] + [reader.tensors[0].field.offset]
        for field, stop in zip(fields, stops):
            yield field.name, reader.data[field.offset:stop].tobytes()


def _as_tensor(tensor):
    rows, columns = (1, *tensor.shape[::-1].tolist())[-2:]
    raw = np.ascontiguousarray(tensor.data).view(np.uint8).reshape(rows, -1)
    return Tensor(tensor.name, (rows, columns), tensor.tensor_type.name, raw)


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
