"""WordPiece: words are covered by the longest tokens, as BERT and its successors have it."""

import re
import unicodedata

from host.text.tokenizer.pieces import SPACE
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary

__all__ = ["WordPieceTokenizer"]

_CLS, _SEP, _UNKNOWN = 101, 102, 100
"""Ids that such vocabularies have where no key names them."""

_IDEOGRAPHS = re.compile(
    "[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b920-\U0002ceaf"
    "\uf900-\ufaff\U0002f800-\U0002fa1f]")
_ASCII_SYMBOLS = "$+<=>^`|~"
_BLANK = "\t\n\r"

_WORDS = (TokenType.NORMAL, TokenType.UNUSED, TokenType.USER_DEFINED)
"""Types whose tokens cover words."""

_TIGHT = re.compile(" (?=[?!.,])| ' | (?='s|'m|'re|'ve)")


class WordPieceTokenizer(Tokenizer):
    """Cuts a text into words and marks, and covers each from its beginning with the longest token there is.

    A token that begins a word is spelled with U+2581 in front. A word that cannot be covered is the unknown token.
    Characters of category C vanish, ideographs and marks are words of their own. Where the file says
    ``normalizer.lowercase`` (the default), text is put into lower case, and accents (category Mn) are taken off unless
    ``normalizer.strip_accents`` says otherwise. These are the definitions of BERT's own tokenizer; llama.cpp takes
    combining letters off too, and of a Hangul syllable all but its first sound.

    A text that is complete is between CLS and SEP. What comes back from tokens is what is left of a text: in lower
    case, with single spaces, and none before marks.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata)
        vocabulary.bos = vocabulary.named("cls", vocabulary.named("bos", _CLS))
        pieces = [*map(_piece_bytes, vocabulary.tokens, vocabulary.types)]
        self.unknown = vocabulary.named("unknown", _UNKNOWN)
        if self.unknown is not None:
            pieces[self.unknown] = f" {vocabulary.tokens[self.unknown]}".encode(errors="surrogateescape")
        super().__init__(vocabulary, pieces, add_bos=True, add_space=True, add_eos=True,
                         end=vocabulary.named("seperator", _SEP))
        self._lowercase = metadata.flag("tokenizer.ggml.normalizer.lowercase", True)
        self._strip_accents = metadata.flag("tokenizer.ggml.normalizer.strip_accents", self._lowercase)
        self._ids = dict(vocabulary.of_type(*_WORDS))
        self._longest = max(map(len, self._ids), default=0)
        self._known = {}

    def decode(self, ids, *, special=False):
        """The words that the tokens stand for; see `Tokenizer.decode`."""
        return _TIGHT.sub(lambda match: match[0].strip(), super().decode(ids, special=special))

    def _encode_text(self, text, first):
        ids = []
        for word in self._words(text):
            if word not in self._known:
                self._known[word] = self._encode_word(SPACE + word)
            ids += self._known[word]
        return ids

    def _words(self, text):
        """Words and marks, normalised; list of str."""
        text = "".join(character for character in text if _is_text(character))
        if self._strip_accents:
            text = "".join(character for character in unicodedata.normalize("NFD", text)
                           if unicodedata.category(character) != "Mn")
        text = _IDEOGRAPHS.sub(r" \g<0> ", text)
        if self._lowercase:
            text = "".join(map(str.lower, text))  # one by one: a sigma at the end is as any other
        return "".join(f" {character} " if _is_mark(character) else character for character in text).split()

    def _encode_word(self, word):
        ids, at = [], 0
        while at < len(word):
            for end in range(min(len(word), at + self._longest), at, -1):
                if word[at:end] in self._ids:
                    ids.append(self._ids[word[at:end]])
                    at = end
                    break
            else:
                return [] if self.unknown is None else [self.unknown]
        return ids


def _is_text(character):
    return character in _BLANK or character != "\ufffd" and not unicodedata.category(character).startswith("C")


def _is_mark(character):
    return character in _ASCII_SYMBOLS or unicodedata.category(character).startswith("P")


def _piece_bytes(token, kind):
    if kind == TokenType.CONTROL:
        return b""
    return token.replace(SPACE, " ").encode(errors="surrogateescape")
