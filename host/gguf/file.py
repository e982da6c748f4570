"""The header of a GGUF file, read with every bound checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFValueType

from host.errors import CelosiaError

__all__ = ["GGUFFile", "TensorInfo"]

#: More entries than this in a header are a sign of damage, not of a model.
MAX_TENSORS = 1 << 16
MAX_STRINGS = 1 << 24


@dataclass(frozen=True)
class TensorInfo:
    """What the header says about one tensor; nothing of it is checked yet.

    ``dims`` are in GGUF order (row length first), ``type_code`` is ggml's number of the format and
    ``offset`` counts bytes from the start of the file.
    """

    name: str
    dims: tuple[int, ...]
    type_code: int
    offset: int


class _Truncated(Exception):
    pass


class _Header(GGUFReader):
    """The package's reader, stopped after the header and kept inside the file.

    The package slices past the end of the file without noticing, and then counts up to whatever a damaged
    length says. It also builds the array of every tensor at once, so that one bad tensor fails without its
    name. Hence the three overrides.
    """

    def __init__(self, path):
        self._bytes = np.memmap(path, mode="r").view(np.ndarray)
        self.infos = {}
        super().__init__(path)

    def _get(self, offset, dtype, count=1, override_order=None):
        if self.byte_order != "I":
            raise ValueError("big-endian files are not supported")
        dtype = np.dtype(dtype).newbyteorder("<")
        stop = int(offset) + dtype.itemsize * int(count)
        if stop > self._bytes.size:
            raise _Truncated(f"truncated: its header reaches byte {stop}, the file has {self._bytes.size}")
        return self._bytes[int(offset):stop].view(dtype)

    def _get_field_parts(self, orig_offs, raw_type):
        if raw_type != GGUFValueType.ARRAY:
            return super()._get_field_parts(orig_offs, int(raw_type))
        item_code = self._get(orig_offs, np.uint32)
        item_type = GGUFValueType(int(item_code[0]))
        count = int(self._get(orig_offs + 4, np.uint64)[0])
        offset = orig_offs + 12
        if item_type == GGUFValueType.STRING:
            if count > MAX_STRINGS:
                raise ValueError(f"a list of {count} strings is more than {MAX_STRINGS}")
            parts = []
            for _ in range(count):
                _length, text = self._get_str(offset)
                parts.append(text)
                offset += 8 + text.size
        elif item_type in self.gguf_scalar_to_np:
            parts = [self._get(offset, self.gguf_scalar_to_np[item_type], count)]
            offset += parts[0].nbytes
        else:
            raise ValueError(f"a list of {item_type.name} is not supported")
        return offset - orig_offs, parts, list(range(len(parts))), [GGUFValueType.ARRAY, item_type]

    def _build_tensor_info(self, offs, count):
        if count > MAX_TENSORS:
            raise ValueError(f"{count} tensors are more than {MAX_TENSORS}")
        return super()._build_tensor_info(offs, count)

    def _build_tensors(self, start_offs, fields):
        for field in fields:
            _length, _name, _count, dims, type_code, offset = field.parts
            if field.name in self.infos:
                raise ValueError(f"tensor {field.name!r} occurs twice")
            self.infos[field.name] = TensorInfo(
                field.name, tuple(dims.tolist()), int(type_code[0]), int(start_offs) + int(offset[0]))

    def value(self, field):
        """Contents of a metadata field: a scalar, a str, a list of str or a one-dimensional array."""
        if field.types[0] == GGUFValueType.ARRAY and field.types[1] != GGUFValueType.STRING:
            return np.array(field.parts[field.data[0]])
        try:
            return field.contents()
        except UnicodeDecodeError as error:
            raise ValueError(f"key {field.name!r} is not UTF-8") from error


class GGUFFile:
    """Metadata and tensor directory of a GGUF file (version 2 or 3, little-endian).

    Tensor data stay in the file, which is memory-mapped as long as ``data`` or a view of it lives.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    path : pathlib.Path
    metadata : dict of str to (int, float, bool, str, list of str or numpy.ndarray)
    tensors : dict of str to TensorInfo
        In the order of the file.
    data : numpy.ndarray
        The whole file, uint8, memory-mapped and read-only.

    Raises
    ------
    CelosiaError
        If the file cannot be read, is not a GGUF, is truncated within its header, or is malformed.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            with open(self.path, "rb") as file:
                magic = file.read(4)
        except (OSError, ValueError) as error:
            raise CelosiaError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        if magic != b"GGUF":
            raise CelosiaError(f"{path}: not a GGUF file: it must start with b'GGUF', not {magic!r}")
        try:
            header = _Header(self.path)
            self.metadata = {name: header.value(field) for name, field in header.fields.items()}
        except _Truncated as error:
            raise CelosiaError(f"{path}: {error}") from error
        except Exception as error:
            # Damaged headers make the package raise nearly every built-in exception; to the user all of them
            # mean the same.
            raise CelosiaError(f"{path}: malformed GGUF header: {' '.join(str(error).split())}") from error
        self.tensors = header.infos
        self.data = header._bytes
