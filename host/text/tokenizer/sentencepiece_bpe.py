"""SentencePiece's byte-pair encoding with byte fallback, as llama 1 and 2 use it."""

import re

from host.errors import CelosiaError
from host.text.tokenizer.merging import merge
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary

__all__ = ["SentencePieceTokenizer"]

_SPACE = "\u2581"
_UNKNOWN = "<unk>"
_BYTE = re.compile("<0x([0-9A-F]{2})>")
_BOS, _EOS = 1, 2
"""Ids that such vocabularies have where no key names them."""

_WORDS = (TokenType.NORMAL, TokenType.UNUSED)
"""Types whose tokens come of merges."""


class SentencePieceTokenizer(Tokenizer):
    """Byte-pair merges in the order of the tokens' scores; what no token covers becomes byte tokens.

    A character without bytes in the vocabulary becomes the unknown token, and several in a row become one. No text
    normalisation takes place, spaces included. Files without types or with odd ones are common: a token that is spelled
    ``<0x0A>`` is a byte whatever its type, and the unknown token is the one that a key names, or else the first of its
    type, or else the one that is spelled so.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata, bos=_BOS, eos=_EOS)
        add_space = metadata.flag("tokenizer.ggml.add_space_prefix", True)
        super().__init__(vocabulary, [*map(_piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", True), add_space=add_space)
        self._path = vocabulary.path
        scores = metadata.numbers("tokenizer.ggml.scores", len(vocabulary.tokens), 0.0)
        self._ids = {token: id for token, id in vocabulary.of_type(*_WORDS) if not _BYTE.fullmatch(token)}
        self._ranks = {token: -scores[id] for token, id in self._ids.items()}
        self._bytes = {int(match[1], 16): id for id, token in enumerate(vocabulary.tokens)
                       if (match := _BYTE.fullmatch(token))}
        self.unknown = _unknown(vocabulary)
        # No merge joins a character and a space after it if no token has the two side by side. So a text can be cut
        # there, and its words need to be merged only once.
        joined = "".join(sorted({_SPACE, *re.findall(f"(.)(?={_SPACE})", "\n".join(self._ids), re.DOTALL)} - {"\n"}))
        self._cut = re.compile(f"(?<=[^{re.escape(joined)}])(?={_SPACE})")
        self._known = {}

    def _encode_text(self, text):
        text = (_SPACE if self._add_space else "") + text.replace(" ", _SPACE)
        ids = []
        for word in self._cut.split(text):
            if word not in self._known:
                self._known[word] = self._encode_word(word)
            ids += self._known[word]
        return ids if self.unknown is None else self._without_repeated_unknowns(ids)

    def _encode_word(self, word):
        ids = []
        for part in merge(word, lambda left, right: self._ranks.get(left + right)):
            if part in self._ids:
                ids.append(self._ids[part])
            else:
                ids += self._encode_bytes(part)
        return ids

    def _encode_bytes(self, character):
        data = character.replace(_SPACE, " ").encode()
        if all(byte in self._bytes for byte in data):
            return [self._bytes[byte] for byte in data]
        if self.unknown is None:
            raise CelosiaError(f"{self._path}: text must be of what the vocabulary has tokens for, "
                               f"which {character!r} is not")
        return [self.unknown]

    def _without_repeated_unknowns(self, ids):
        return [id for at, id in enumerate(ids) if id != self.unknown or at == 0 or ids[at - 1] != id]


def _unknown(vocabulary):
    """Id of the unknown token, or None."""
    named = vocabulary.metadata.token("tokenizer.ggml.unknown_token_id", len(vocabulary.tokens))
    if named is not None:
        return named
    for _token, id in vocabulary.of_type(TokenType.UNKNOWN):
        return id
    return vocabulary.tokens.index(_UNKNOWN) if _UNKNOWN in vocabulary.tokens else None


def _piece_bytes(token, kind):
    if match := _BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    if kind == TokenType.CONTROL:
        return b""
    if kind == TokenType.UNKNOWN:
        return " \u2047 ".encode()  # what sentencepiece prints
    return token.replace(_SPACE, " ").encode(errors="surrogateescape")
