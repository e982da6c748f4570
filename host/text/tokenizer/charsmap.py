"""Normalisation of a text as SentencePiece compiles it into a model: ``tokenizer.ggml.precompiled_charsmap``."""

import numpy as np

__all__ = ["Charsmap"]

_LEAF, _WIDE = 1 << 8, 1 << 9
_VALUE = (1 << 31) - 1
_LABEL = 1 << 31 | 0xFF


class Charsmap:
    """Finds the longest beginning of a text that is to be replaced, and by what.

    The compiled form is a trie as a double array (Darts) of 32-bit words, its size in bytes before it, and the
    replacements after it, each with a zero at its end. A node's children are at its offset, exclusive or the byte.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ValueError
        If it is no such table.
    """

    def __init__(self, data):
        size = int.from_bytes(data[:4], "little")
        if len(data) < 4 or size % 4 or size < 4 or 4 + size >= len(data):
            raise ValueError("a table of replacements")
        self._units = np.frombuffer(data, "<u4", size // 4, 4).tolist()
        self._replacements = data[4 + size:]
        self._texts = {}

    def replacement(self, text, start):
        """What the text begins with at a byte.

        Parameters
        ----------
        text : bytes
        start : int

        Returns
        -------
        bytes
            In place of the beginning; empty where there is none, too.
        int
            Bytes of the beginning, 0 if nothing is to be replaced.

        Raises
        ------
        ValueError
            If the table leads to somewhere else.
        """
        units, length, found = self._units, 0, b""
        try:
            node = _offset(units[0])
            for at in range(start, len(text)):
                byte = text[at]
                node ^= byte
                if byte == 0 or units[node] & _LABEL != byte:
                    break
                leaf = units[node] & _LEAF
                node ^= _offset(units[node])
                if leaf:
                    length, found = at + 1 - start, self._text(units[node] & _VALUE)
        except IndexError:
            raise ValueError("a table of replacements") from None
        return found, length

    def _text(self, index):
        if index not in self._texts:
            self._texts[index] = self._replacements[index:self._replacements.index(0, index)]
        return self._texts[index]


def _offset(unit):
    return unit >> 10 << ((unit & _WIDE) >> 6)
