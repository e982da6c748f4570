"""Text from tokens, as soon as it is certain."""

import codecs

__all__ = ["DecodeStream"]


class DecodeStream:
    """Turns token ids into text one at a time.

    A character whose UTF-8 bytes are spread over several tokens appears with the last of them; bytes that
    are no UTF-8 become U+FFFD.

    Parameters
    ----------
    pieces : sequence of bytes
        What each token stands for.
    strip_space : bool
        Drop one space from the beginning of the text: the one that encoding put there.
    bos : int, optional
        A token that stands for nothing where it is the first, even if the file has it as an ordinary word.
    """

    def __init__(self, pieces, *, strip_space, bos=None):
        self._pieces = pieces
        self._strip_space = strip_space
        self._bos = bos
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token):
        """Append a token and return the text that is complete now, which may be empty.

        Raises
        ------
        ValueError
            If the id is outside the vocabulary.
        """
        if not 0 <= token < len(self._pieces):
            raise ValueError(f"Token id must be 0..{len(self._pieces) - 1}, not {token!r}")
        piece = b"" if token == self._bos else self._pieces[token]
        self._bos = None
        if piece and self._strip_space:
            self._strip_space = False
            piece = piece.removeprefix(b" ")
        return self._decoder.decode(piece)

    def flush(self):
        """End the text: a character that never became complete is returned as U+FFFD."""
        return self._decoder.decode(b"", final=True)
