"""Typed access to the metadata of a GGUF file."""

import math
from numbers import Integral, Real

import numpy as np

from host.errors import CelosiaError

__all__ = ["Metadata"]

_NO_TOKEN = 0xFFFF_FFFF
"""What some writers store where a model has no such token."""

_MAX_INTEGER = 1 << 31
_LARGEST = float(np.finfo(np.float32).max)
"""What fp32 holds without becoming infinite or, subnormals being flushed, zero."""

_SMALLEST = float(np.finfo(np.float32).tiny)
_QUOTED = 80
"""Characters of a value that a message repeats."""


class Metadata:
    """Reads keys with a check of their type and range.

    Every method raises `CelosiaError`, with the file, the key and the value in its message, if a key is
    missing without a default or its value is not of the kind asked for.

    Parameters
    ----------
    path : str or os.PathLike
        For messages.
    values : collections.abc.Mapping
        As `host.gguf.file.GGUFFile` reads them.
    """

    def __init__(self, path, values):
        self.path = path
        self._values = values

    def __contains__(self, key):
        return key in self._values

    def get(self, key, default=None):
        """The value as it is."""
        value = self._values.get(key, default)
        if value is None:
            raise CelosiaError(f"{self.path}: metadata key {key!r} is missing")
        return value

    def fail(self, key, expected, value):
        """Raise the error that `key` is not as expected."""
        if isinstance(value, (list, np.ndarray)):
            value = f"a list of {len(value)}"
        else:
            rest = len(value) - _QUOTED if isinstance(value, (str, bytes)) else 0
            value = f"{value[:_QUOTED]!r} and {rest} more" if rest > 0 else repr(value)
        raise CelosiaError(f"{self.path}: metadata key {key!r} must be {expected}, not {value}")

    def integer(self, key, default=None):
        """A positive integer, or a list of one per layer that are all the same."""
        value = self.get(key, default)
        if isinstance(value, np.ndarray) and value.size and (value == value[0]).all():
            value = value[0].item()
        if not _is_integer(value) or not 0 < value < _MAX_INTEGER:
            self.fail(key, "a positive integer", value)
        return value

    def real(self, key, default=None):
        """A positive number that fp32 holds."""
        value = self.get(key, default)
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
            self.fail(key, "a positive number", value)
        if not _SMALLEST <= value <= _LARGEST:
            self.fail(key, "a number that fp32 holds", value)
        return float(value)

    def flag(self, key, default):
        """A boolean."""
        value = self.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "true or false", value)
        return value

    def text(self, key, default=None):
        """A string."""
        value = self.get(key, default)
        if not isinstance(value, str):
            self.fail(key, "a string", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail(key, "UTF-8", value.encode(errors="surrogateescape"))
        return value

    def texts(self, key, default=None):
        """A list of strings, in which a byte that is no UTF-8 is a lone surrogate (``surrogateescape``)."""
        value = self.get(key, default)
        if not isinstance(value, list):
            self.fail(key, "a list of strings", value)
        return value

    def numbers(self, key, count, default):
        """A list of `count` numbers that fp32 holds, or `default` that many times; others after them are left out."""
        values = self.get(key, np.full(count, default))
        # Not so for NaN either.
        if not (isinstance(values, np.ndarray) and len(values) >= count and (np.abs(values) <= _LARGEST).all()):
            self.fail(key, f"a list of {count} finite numbers", values)
        return values[:count].tolist()

    def token(self, key, count):
        """Id of a token out of `count`, or None where the file names none."""
        value = self._values.get(key)
        if value is None or _is_integer(value) and value in (_NO_TOKEN, -1):
            return None
        if not _is_integer(value) or not 0 <= value < count:
            self.fail(key, f"a token id below {count}", value)
        return value


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
