"""SentencePiece's byte-pair encoding with byte fallback, as llama 1 and 2 use it."""

import numpy as np

from host.errors import CelosiaError
from host.text.tokenizer.merge_rules import MergeRules, sorted_merges
from host.text.tokenizer.merging import merge
from host.text.tokenizer.pieces import BYTE, SPACE, find_unknown, piece_bytes, without_repeats
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary
from host.text.tokenizer.word_cuts import word_cuts

__all__ = ["SentencePieceTokenizer"]

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
        super().__init__(vocabulary, [*map(piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", True),
                         add_eos=metadata.flag("tokenizer.ggml.add_eos_token", False), add_space=add_space)
        self._path = vocabulary.path
        scores = metadata.numbers("tokenizer.ggml.scores", len(vocabulary.tokens), 0.0)
        self._ids = {token: id for token, id in vocabulary.of_type(*_WORDS) if not BYTE.fullmatch(token)}
        self._ranks = {token: -scores[id] for token, id in self._ids.items()}
        self._bytes = {int(match[1], 16): id for id, token in enumerate(vocabulary.tokens)
                       if (match := BYTE.fullmatch(token))}
        self.unknown = find_unknown(vocabulary)
        self._cut = word_cuts(self._ids)
        self._known = {}

    def _encode_text(self, text, first):
        text = (SPACE if self._add_space and first else "") + text.replace(" ", SPACE)
        ids = []
        for word in self._cut.split(text):
            if word not in self._known:
                self._known[word] = self._encode_word(word)
            ids += self._known[word]
        return without_repeats(ids, self.unknown)

    def _encode_word(self, word):
        ids = []
        for part in merge(word, lambda left, right: self._ranks.get(left + right)):
            if part in self._ids:
                ids.append(self._ids[part])
            else:
                ids += self._encode_bytes(part)
        return ids

    def _encode_bytes(self, character):
        data = character.replace(SPACE, " ").encode()
        if all(byte in self._bytes for byte in data):
            return [self._bytes[byte] for byte in data]
        if self.unknown is None:
            raise CelosiaError(f"{self._path}: text must be of what the vocabulary has tokens for, "
                               f"which {character!r} is not")
        return [self.unknown]

    def merge_rules(self):
        """See `Tokenizer.merge_rules`. Letters are characters, `SPACE` for a space."""
        # A text has no spaces left, and nothing that is no UTF-8.
        ids = {token: id for token, id in self._ids.items() if " " not in token and _is_text(token)}
        symbols = dict(ids)
        for character in sorted({character for token in ids for character in token}):
            symbols.setdefault(character, len(self) + len(symbols))
        _order, ranks = np.unique([self._ranks[token] for token in ids], return_inverse=True)
        merges = []
        for (token, id), rank in zip(ids.items(), ranks.tolist()):
            for at in range(1, len(token)):
                left, right = symbols.get(token[:at]), symbols.get(token[at:])
                if left is not None and right is not None:
                    merges.append((left, right, rank, id))
        return MergeRules(letters={text: symbol for text, symbol in symbols.items() if len(text) == 1},
                          merges=sorted_merges(merges), byte_tokens=dict(self._bytes), whole=[])


def _is_text(token):
    return not any("\ud800" <= character <= "\udfff" for character in token)
