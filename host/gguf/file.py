"""A model's GGUF: one file, or the parts that it was split into."""

from dataclasses import dataclass, field
from pathlib import Path
import re

import numpy as np

from host.errors import CelosiaError
from host.gguf.foreign import what_it_is
from host.gguf.header import Header
from host.gguf.metadata import Metadata

__all__ = ["GGUFFile", "GGUFPart", "TensorInfo"]

_PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf")
_HEAD_BYTES = 1024
"""Enough to know a format by."""


@dataclass(frozen=True)
class TensorInfo:
    """What the header says about one tensor; nothing of it is checked yet.

    Attributes
    ----------
    name : str
    dims : tuple of int
        In GGUF order (row length first).
    type_code : int
        ggml's number of the format.
    offset : int
        Bytes from the start of the file.
    path : pathlib.Path
        The file that holds it.
    data : numpy.ndarray
        The whole of that file, uint8, memory-mapped and read-only.
    """

    name: str
    dims: tuple[int, ...]
    type_code: int
    offset: int
    path: Path
    data: np.ndarray = field(repr=False, compare=False)


class GGUFPart:
    """One GGUF file, whatever it is a part of.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    path : pathlib.Path
    header : host.gguf.header.Header
    tensors : list of TensorInfo
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
                head = file.read(_HEAD_BYTES)
        except (OSError, ValueError) as error:
            raise CelosiaError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        if head[:4] != b"GGUF":
            raise CelosiaError(f"{path}: not a GGUF file: {what_it_is(head)}")
        try:
            self.data = np.memmap(path, mode="r").view(np.ndarray)
            self.header = Header(self.data)
        except EOFError as error:
            raise CelosiaError(f"{path}: truncated: {error}") from error
        except (OSError, ValueError) as error:
            raise CelosiaError(f"{path}: malformed GGUF header: {error}") from error
        self.tensors = [TensorInfo(*tensor, self.path, self.data) for tensor in self.header.tensors]

    def split(self):
        """Number of this part, from 0, and of all parts, as its keys say; (0, 1) of a file that was not split."""
        number, count = (self.header.values.get(f"split.{key}", default) for key, default in (("no", 0), ("count", 1)))
        if not all(isinstance(value, int) for value in (number, count)) or not 0 <= number < max(1, count):
            raise CelosiaError(f"{self.path}: metadata keys 'split.no' and 'split.count' must be a part's number and "
                               f"the number of parts, not {number!r:.40} and {count!r:.40}")
        return number, max(1, count)


class GGUFFile:
    """Metadata and tensor directory of a model.

    Any part of a model that was split (``NAME-00002-of-00003.gguf``) stands for the whole; the other parts must lie
    beside it. Keys are those of the first part, without the ``split`` ones.

    Tensor data stay in the files, which are memory-mapped as long as ``data`` of a tensor or a view of it lives; and
    so does metadata that nobody asks for.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    path : pathlib.Path
    parts : list of GGUFPart
    metadata : collections.abc.Mapping of str to (int, float, bool, str, list of str or numpy.ndarray)
        See `host.gguf.header.Values`.
    tensors : dict of str to TensorInfo
        In the order of the files.

    Raises
    ------
    CelosiaError
        If a part cannot be read (see `GGUFPart`) or is missing, or the parts do not belong together.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.parts = self._open(GGUFPart(path))
        self.metadata = self.parts[0].header.values
        self.tensors = {}
        for info in (info for part in self.parts for info in part.tensors):
            if info.name in self.tensors:
                raise CelosiaError(f"{info.path}: tensor {info.name!r} is in {self.tensors[info.name].path.name} too")
            self.tensors[info.name] = info
        if len(self.parts) > 1:
            self._check_count()

    def _check_count(self):
        found = len(self.tensors)
        for part in self.parts:
            total = part.header.values.get("split.tensors.count", found)
            if not isinstance(total, int) or total != found:
                Metadata(part.path, part.header.values).fail(
                    "split.tensors.count", f"the {found} tensors of all parts", total)

    def _open(self, part):
        number, count = part.split()
        if count == 1:
            return [part]
        match = _PART_NAME.fullmatch(part.path.name)
        if not match or (int(match[2]), int(match[3])) != (number + 1, count):
            raise CelosiaError(
                f"{part.path}: part {number + 1} of {count} must be named NAME-{number + 1:05}-of-{count:05}.gguf, "
                f"or the other parts cannot be found")
        parts = []
        for index in range(count):
            path = part.path.with_name(f"{match[1]}-{index + 1:05}-of-{count:05}.gguf")
            if not path.exists():
                raise CelosiaError(f"{part.path}: part {index + 1} of {count} is missing: {path.name}")
            other = part if index == number else GGUFPart(path)
            if other.split() != (index, count):
                raise CelosiaError(f"{path}: metadata keys 'split.no' and 'split.count' must be {index} and {count}, "
                                   f"not {' and '.join(map(str, other.split()))}")
            parts.append(other)
        return parts
