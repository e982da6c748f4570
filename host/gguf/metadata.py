"""Typed access to the metadata of a GGUF file."""

import math
from numbers import Integral, Real

import numpy as np

from host.errors import CelosiaError

__all__ = ["Metadata"]

#: What some writers store where a model has no such token.
_NO_TOKEN = 0xFFFF_FFFF
_MAX_INTEGER = 1 << 31


class Metadata:
    """Reads keys with a check of their type and range.

    Every method raises `CelosiaError`, with the file, the key and the value in its message, if a key is
    missing without a default or its value is not of the kind asked for.

    Parameters
    ----------
    path : str or os.PathLike
        For messages.
    values : dict
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
            value = repr(value)
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
        """A positive finite number."""
        value = self.get(key, default)
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
            self.fail(key, "a positive number", value)
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
        return value

    def texts(self, key, default=None):
        """A list of strings."""
        value = self.get(key, default)
        if not isinstance(value, list):
            self.fail(key, "a list of strings", value)
        return value

    def numbers(self, key, count, default):
        """A list of `count` finite numbers, or `default` that many times."""
        values = self.get(key, np.full(count, default))
        if not isinstance(values, np.ndarray) or len(values) != count or not np.isfinite(values).all():
            self.fail(key, f"a list of {count} finite numbers", values)
        return values.tolist()

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
