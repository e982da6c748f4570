"""Cuts a text by the steps of a pre-tokenizer."""

from itertools import chain

from tokenizers import Regex
from tokenizers.pre_tokenizers import Sequence, Split

from host.text.tokenizer.pre_tokenizers import Thousands

__all__ = ["Cutter"]


class Cutter:
    """Cuts a text into the pieces within which tokens are merged.

    Parameters
    ----------
    pre : host.text.tokenizer.pre_tokenizers.PreTokenizer
    """

    def __init__(self, pre):
        self._only_words = pre.only_words
        if any(isinstance(step, Thousands) for step in pre.steps):
            self._stages = [_thousands(step.pattern) if isinstance(step, Thousands) else _pieces(_split(step))
                            for step in pre.steps]
        else:  # in one call: a text has as many cuts as words
            self._stages = [_pieces(Sequence([*map(_split, pre.steps)]))]

    def cut(self, text):
        """Pieces of a text in their order; list of str."""
        pieces = [text]
        for stage in self._stages:
            pieces = [*chain.from_iterable(map(stage, pieces))]
        return [piece for piece in pieces if not piece.isspace()] if self._only_words else pieces


def _split(pattern, behavior="isolated"):
    return Split(Regex(pattern), behavior)


def _pieces(split):
    return lambda text: [piece for piece, _where in split.pre_tokenize_str(text)]


def _thousands(pattern):
    all_pieces, others = _split(pattern), _split(pattern, "removed")

    def cut(text):
        unmatched = {where for _piece, where in others.pre_tokenize_str(text)}
        for piece, where in all_pieces.pre_tokenize_str(text):
            if where in unmatched:
                yield piece
            else:
                first = len(piece) % 3
                yield from ([piece[:first]] if first else [])
                yield from (piece[at:at + 3] for at in range(first, len(piece), 3))

    return cut
