"""Metadata of one architecture, of which every key counts."""

import numpy as np

from host.errors import CelosiaError
from host.gguf.metadata import Metadata

__all__ = ["Keys"]

_SHARED = ("general.", "tokenizer.")
"""Name spaces that are not the architecture's."""


class Keys(Metadata):
    """The keys of an architecture: each is read, known to be harmless, or refused.

    Methods take the part of a key behind the architecture's name, ``"attention.head_count"`` for
    ``llama.attention.head_count``, or a whole key of ``general.`` or ``tokenizer.``.

    Parameters
    ----------
    path : str or os.PathLike
        For messages.
    values : dict
        As `host.gguf.file.GGUFFile` reads them.
    architecture : str
        The name before the first dot of its keys.
    """

    def __init__(self, path, values, architecture):
        super().__init__(path, values)
        self._architecture = architecture
        self._read = set()

    def _full(self, key):
        return key if key.startswith(_SHARED) else f"{self._architecture}.{key}"

    def __contains__(self, key):
        return super().__contains__(self._full(key))

    def get(self, key, default=None):
        """The value as it is."""
        self._read.add(self._full(key))
        return super().get(self._full(key), default)

    def fail(self, key, expected, value):
        """Raise the error that `key` is not as expected."""
        super().fail(self._full(key), expected, value)

    def integer(self, key, default=None):
        """A positive integer, or a list of one per layer that are all the same."""
        value = self.get(key, default)
        if isinstance(value, np.ndarray) and value.size and (value != value[0]).any():
            layer = int((value != value[0]).argmax())
            raise CelosiaError(f"{self.path}: metadata key {self._full(key)!r} must be the same for all layers, not "
                               f"a list with {value[0]} for layer 0 and {value[layer]} for layer {layer}")
        return super().integer(key, default)

    def factor(self, key, default):
        """A positive number, or `default` where there is none or 0."""
        if key not in self or np.isscalar(self.get(key)) and self.get(key) == 0:
            return default
        return self.real(key)

    def cap(self, key, default):
        """A positive number, None where it is 0, or `default` where there is none."""
        return self.factor(key, None) if key in self else default

    def window(self, context):
        """Positions that a token sees, itself included.

        Returns
        -------
        int or None
            None if they are not fewer than the context, or the key is 0 or absent.

        Raises
        ------
        CelosiaError
            If the key is no number.
        """
        name = "attention.sliding_window"
        if name not in self or np.isscalar(self.get(name)) and self.get(name) == 0:
            return None
        window = self.integer(name)
        return window if window < context else None

    def pattern(self, key, layers):
        """A list of one boolean per layer: tuple of bool, or None if the key is absent.

        Raises
        ------
        CelosiaError
            If it is something else.
        """
        if key not in self:
            return None
        value = self.get(key)
        if not (isinstance(value, np.ndarray) and value.dtype == bool and len(value) == layers):
            self.fail(key, f"a list of {layers} booleans, one for each layer", value)
        return tuple(value.tolist())

    def refuse_others(self, *, neutral, harmless):
        """Refuse what nobody has read and nobody knows.

        Parameters
        ----------
        neutral : dict of str to tuple
            Keys of something that is not supported, with the values that ask for nothing.
        harmless : collection of str
            Keys that change no result.

        Raises
        ------
        CelosiaError
            Naming the first key that is neither read, nor neutral, nor harmless, and its value.
        """
        start = f"{self._architecture}."
        for key in self._values:
            if not key.startswith(start) or key in self._read:
                continue
            name = key.removeprefix(start)
            value = self.get(name)
            if name in neutral:
                if not np.isscalar(value) or value not in neutral[name]:
                    self.fail(name, f"absent or {' or '.join(map(str, neutral[name]))} (it is not supported)", value)
            elif name not in harmless:
                self.fail(name, "absent (it is not known)", value)
