"""Sections of a board file as they grow."""

import ctypes

import numpy as np

__all__ = ["SectionBuilder"]

_ALIGNMENT = 4


class SectionBuilder:
    """A structure, and behind it what it points to by offsets.

    Parameters
    ----------
    structure : ctypes.Structure
        Its fields may be set until `content` is asked for.
    """

    def __init__(self, structure):
        self.structure = structure
        self._parts = []
        self._size = ctypes.sizeof(structure)

    def add(self, data):
        """Append bytes, words (array of numbers) or structures (list), and return their offset."""
        if isinstance(data, list):
            data = b"".join(map(bytes, data))
        elif not isinstance(data, bytes):
            data = np.asarray(data).astype("<u4").tobytes()
        offset = self._size
        data += bytes(-len(data) % _ALIGNMENT)
        self._parts.append(data)
        self._size += len(data)
        return offset

    def content(self):
        """All of it: bytes."""
        return bytes(self.structure) + b"".join(self._parts)
