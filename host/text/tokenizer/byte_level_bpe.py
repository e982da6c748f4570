"""Byte-level byte-pair encoding, as GPT-2, llama 3 and SmolLM use it."""

from tokenizers import Regex
from tokenizers.pre_tokenizers import Sequence, Split

from host.errors import CelosiaError
from host.text.tokenizer.merging import merge
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary

__all__ = ["ByteLevelTokenizer"]

_WORDS = (TokenType.NORMAL, TokenType.UNUSED, TokenType.BYTE)
"""Types whose tokens come of merges."""


class ByteLevelTokenizer(Tokenizer):
    """Merges in the order of the file's list, on UTF-8 bytes, within the cuts of a regular expression.

    What merges lead to need not be a token: it may be merged further, and falls apart into its letters where it is not.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata

    Raises
    ------
    CelosiaError
        If the pre-tokenizer is not one of `host.text.tokenizer.pre_tokenizers.PRE_TOKENIZERS`, or the list of merges is
        missing.
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata)
        name = metadata.text("tokenizer.ggml.pre", "default")
        if name not in PRE_TOKENIZERS:
            metadata.fail("tokenizer.ggml.pre", f"one of {', '.join(PRE_TOKENIZERS)}", name)
        pre = PRE_TOKENIZERS[name]
        super().__init__(vocabulary, [*map(_piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", pre.add_bos), add_space=False)
        self._path = vocabulary.path
        self._ids = dict(vocabulary.of_type(*_WORDS))
        merges = metadata.texts("tokenizer.ggml.merges")
        # The entry is the key: the two parts with a space between them, which no letter of the alphabet is. Of two
        # equal ones the first counts.
        self._ranks = dict(zip(reversed(merges), range(len(merges) - 1, -1, -1)))
        self._pre = Sequence([Split(Regex(pattern), "isolated") for pattern in pre.patterns])
        self._known, self._whole_words = {}, pre.whole_words

    def _encode_text(self, text):
        ids = []
        for word, _where in self._pre.pre_tokenize_str(text):
            if word not in self._known:
                self._known[word] = self._encode_word(word.encode().decode("latin-1").translate(_LETTERS))
            ids += self._known[word]
        return ids

    def _encode_word(self, word):
        if self._whole_words and word in self._ids:
            return [self._ids[word]]
        ids = []
        for part in merge(word, lambda left, right: self._ranks.get(f"{left} {right}")):
            for letters in [part] if part in self._ids else part:
                if letters not in self._ids:
                    raise CelosiaError(f"{self._path}: text must be of what the vocabulary has tokens for, which the "
                                       f"byte {_BYTES[letters]:#04x} is not")
                ids.append(self._ids[letters])
        return ids


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
