"""The cheapest way to cut a text, found from its end, as PLaMo 2 has it."""

from host.text.tokenizer.pieces import BYTE, piece_bytes
from host.text.tokenizer.prefixes import Prefixes
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary

__all__ = ["Plamo2Tokenizer"]

_BOS, _EOS = 1, 2
"""Ids that such vocabularies have where no key names them."""

_SCALE = 10_000
_BYTES_COST = 10_000_000
_MARK = "\ufeff"


class Plamo2Tokenizer(Tokenizer):
    """Cuts a text so that the scores of its tokens add up to the most, in steps of 1/10000.

    A character that is in no token, or that costs less so, becomes the bytes of its UTF-8, for a score of -1000. Of
    equal sums the one with the longer first token counts. A byte order mark at the beginning of a text is left out.
    Unlike in llama.cpp, text that spells a control token is not that token unless special tokens are asked for.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata

    Raises
    ------
    CelosiaError
        If one of the 256 bytes has no token.
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata, bos=_BOS, eos=_EOS)
        super().__init__(vocabulary, [*map(piece_bytes, vocabulary.tokens, vocabulary.types)], add_space=False,
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", False),
                         add_eos=metadata.flag("tokenizer.ggml.add_eos_token", False))
        scores = metadata.numbers("tokenizer.ggml.scores", len(vocabulary.tokens), 0.0)
        self._costs = [-_rounded(score * _SCALE) for score in scores]
        words = vocabulary.of_type(TokenType.NORMAL, TokenType.UNUSED, TokenType.USER_DEFINED, TokenType.UNDEFINED)
        self._tokens = Prefixes((token, id) for token, id in words if not BYTE.fullmatch(token))
        self._bytes = {int(match[1], 16): id for id, token in enumerate(vocabulary.tokens)
                       if (match := BYTE.fullmatch(token))}
        for byte in range(256):
            if byte not in self._bytes:
                metadata.fail("tokenizer.ggml.tokens", f"a list with a token for the byte {byte:#04x}",
                              vocabulary.tokens)

    def _encode_text(self, text, first):
        text = text.removeprefix(_MARK)
        # Of each place: the least cost from there on, where its first token ends, and that token.
        best = [(0, 0, None)] * (len(text) + 1)
        for start in range(len(text) - 1, -1, -1):
            options = [(best[end][0] + self._costs[id], end, id) for end, id in self._tokens.at(text, start)[::-1]]
            options.append((best[start + 1][0] + _BYTES_COST, start + 1, None))
            best[start] = min(options, key=lambda option: option[0])
        ids, at = [], 0
        while at < len(text):
            start, (_cost, at, id) = at, best[at]
            ids += [id] if id is not None else [self._bytes[byte] for byte in text[start].encode()]
        return ids


def _rounded(value):
    """To the nearest integer, halves away from zero."""
    return int(abs(value) + 0.5) * (1 if value >= 0 else -1)
