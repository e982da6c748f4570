"""Byte-pair encoding by a list of merges, as GPT-2 and most models since use it."""

from host.errors import CelosiaError
from host.text.tokenizer.cutter import Cutter
from host.text.tokenizer.merge_rules import MergeRules, sorted_merges
from host.text.tokenizer.merging import merge
from host.text.tokenizer.pieces import BYTE, SPACE
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary
from host.text.tokenizer.word_cuts import word_cuts

__all__ = ["ByteLevelTokenizer"]

_WORDS = (TokenType.NORMAL, TokenType.UNUSED, TokenType.BYTE)
"""Types whose tokens come of merges."""


class ByteLevelTokenizer(Tokenizer):
    """Merges in the order of the file's list, within the cuts of a regular expression.

    What is merged are the bytes of UTF-8, or, for some pre-tokenizers, characters. What merges lead to need not be a
    token: it may be merged further, and falls apart into its letters where it is not. A byte that no token stands for
    is an error; a character becomes the unknown token if the vocabulary has one.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    pre : str
        Name of the pre-tokenizer.
    lowercase : bool
        Text is put into lower case first.

    Raises
    ------
    CelosiaError
        If the list of merges is missing.
    """

    def __init__(self, metadata, pre, *, lowercase=False):
        vocabulary = Vocabulary(metadata)
        pre = PRE_TOKENIZERS[pre]
        pieces = _piece_bytes if pre.byte_level else _spelled_piece_bytes
        super().__init__(
            vocabulary, [*map(pieces, vocabulary.tokens, vocabulary.types)], add_space=False,
            add_bos=pre.always_bos or metadata.flag("tokenizer.ggml.add_bos_token", pre.add_bos),
            add_eos=metadata.flag("tokenizer.ggml.add_eos_token", False))
        if not pre.byte_level:
            self.unknown = metadata.token("tokenizer.ggml.unknown_token_id", len(vocabulary.tokens))
        self._path, self.pre, self._lowercase = vocabulary.path, pre, lowercase
        self._ids = dict(vocabulary.of_type(*_WORDS))
        merges = metadata.texts("tokenizer.ggml.merges")
        # The entry is the key: the two parts with a space between them, which no letter of the alphabet is. Of two
        # equal ones the first counts.
        self._ranks = dict(zip(reversed(merges), range(len(merges) - 1, -1, -1)))
        self._cutter = Cutter(pre)
        self._known = {}
        # Whole lines would be long words; merges seldom reach across the space before a word.
        self._cut_words = None if pre.byte_level else word_cuts(entry.replace(" ", "") for entry in merges)

    def _encode_text(self, text, first):
        ids = []
        for word in self._cutter.cut(text.lower() if self._lowercase else text):
            for part in self._cut_words.split(word.replace(" ", SPACE)) if self._cut_words else [word]:
                if part not in self._known:
                    self._known[part] = self._encode_word(
                        part.encode().decode("latin-1").translate(_LETTERS) if self.pre.byte_level else part)
                ids += self._known[part]
        return ids

    def _encode_word(self, word):
        whole = self.pre.whole_words or self.pre.whole_newlines and not word.strip("\n")
        if whole and word in self._ids:
            return [self._ids[word]]
        ids = []
        for part in self._merged(word):
            for letters in [part] if part in self._ids else part:
                ids += self._letter(letters)
        return ids

    def _merged(self, word):
        return merge(word, lambda left, right: self._ranks.get(f"{left} {right}"))

    def merge_rules(self):
        """See `Tokenizer.merge_rules`. Letters are bytes."""
        if not self.pre.byte_level or self._lowercase:
            return super().merge_rules()
        symbols = dict(self._ids)

        def symbol(text):
            return symbols.setdefault(text, len(self) + len(symbols))

        merges = []
        for entry, rank in self._ranks.items():
            left, _space, right = entry.partition(" ")
            if left and right and " " not in right:
                merges.append((symbol(left), symbol(right), rank, symbol(left + right)))
        whole = [id for token, id in self._ids.items() if all(map(_BYTES.__contains__, token))
                 and self._merged(token) != [token]] if self.pre.whole_words else []
        return MergeRules(
            letters={byte: symbol(letter) for letter, byte in _BYTES.items()},
            merges=sorted_merges(merges), whole=whole,
            byte_tokens={byte: self._ids[letter] for letter, byte in _BYTES.items() if letter in self._ids})

    def _letter(self, letter):
        """Ids of what may be no token."""
        if letter in self._ids:
            return [self._ids[letter]]
        if self.pre.byte_level:
            what = f"the byte {_BYTES[letter]:#04x}"
        else:
            spelled = [f"<0x{byte:02X}>" for byte in letter.encode()]
            if all(token in self._ids for token in spelled):
                return [self._ids[token] for token in spelled]
            what = repr(letter)
        if self.unknown is None:
            raise CelosiaError(f"{self._path}: text must be of what the vocabulary has tokens for, which {what} is not")
        return [self.unknown]


def _byte_alphabet():
    """The printable character that stands for each byte: itself, or else the next one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return ({chr(byte): byte for byte in printable}
            | {chr(0x100 + index): byte for index, byte in enumerate(others)})


_BYTES = _byte_alphabet()
_LETTERS = {byte: letter for letter, byte in _BYTES.items()}


def _piece_bytes(token, kind):
    if kind == TokenType.CONTROL:
        return b""
    if kind == TokenType.USER_DEFINED or not all(map(_BYTES.__contains__, token)):
        return token.encode(errors="surrogateescape")
    return bytes(map(_BYTES.__getitem__, token))


def _spelled_piece_bytes(token, kind):
    if kind == TokenType.CONTROL:
        return b""
    if match := BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    return token.replace(SPACE, " ").encode(errors="surrogateescape")
