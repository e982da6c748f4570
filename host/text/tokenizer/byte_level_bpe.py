"""Byte-level byte-pair encoding, as GPT-2, llama 3 and SmolLM use it."""

from tokenizers import AddedToken, Regex
from tokenizers import Tokenizer as Pipeline
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

from host.errors import CelosiaError
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType

__all__ = ["ByteLevelTokenizer", "PRE_TOKENIZERS"]

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = (r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

#: By ``tokenizer.ggml.pre``: regular expressions that cut a text, each applied to the cuts of the one before.
PRE_TOKENIZERS = {
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"),
    "gpt-2": (_GPT2,),
    "llama-bpe": (_LLAMA3,),
    "smollm": (r"\p{N}", _GPT2),
}
_ALIASES = {"gpt2": "gpt-2", "llama3": "llama-bpe", "llama-v3": "llama-bpe"}
#: Models that look a whole cut up in the vocabulary before they merge, and that expect BOS.
_WHOLE_WORDS = ("llama-bpe",)


class ByteLevelTokenizer(Tokenizer):
    """Merges in the order of the file's list, on UTF-8 bytes, within the cuts of a regular expression.

    The tokenizers library does the work.

    Parameters
    ----------
    vocabulary : host.text.tokenizer.vocabulary.Vocabulary

    Raises
    ------
    CelosiaError
        If the pre-tokenizer is not one of `PRE_TOKENIZERS`, or the library does not accept the merges.
    """

    def __init__(self, vocabulary):
        pre = vocabulary.metadata.text("tokenizer.ggml.pre", "default")
        pre = _ALIASES.get(pre, pre)
        if pre not in PRE_TOKENIZERS:
            vocabulary.metadata.fail("tokenizer.ggml.pre", f"one of {', '.join(PRE_TOKENIZERS)}", pre)
        whole_words = pre in _WHOLE_WORDS
        super().__init__(vocabulary, [*map(_piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=vocabulary.metadata.flag("tokenizer.ggml.add_bos_token", whole_words),
                         add_space=False)
        ids = {token: id for id, (token, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types))
               if kind != TokenType.CONTROL}
        # The first character of a merge may itself be a space.
        merges = [(merge[:1] + left, right) for merge in vocabulary.metadata.texts("tokenizer.ggml.merges")
                  for left, _, right in [merge[1:].partition(" ")]]
        try:
            self._pipeline = Pipeline(BPE(ids, merges, ignore_merges=whole_words))
        except Exception as error:  # the library raises nothing more specific
            raise CelosiaError(f"{vocabulary.path}: unusable BPE vocabulary: "
                               f"{' '.join(str(error).split())}") from error
        cuts = [Split(Regex(pattern), "isolated") for pattern in PRE_TOKENIZERS[pre]]
        self._pipeline.pre_tokenizer = Sequence([*cuts, ByteLevel(add_prefix_space=False, use_regex=False)])
        self._pipeline.add_tokens([AddedToken(token, normalized=False)
                                   for token, kind in zip(vocabulary.tokens, vocabulary.types)
                                   if kind == TokenType.USER_DEFINED and token])

    def _encode_text(self, text):
        return self._pipeline.encode(text, add_special_tokens=False).ids


def _byte_alphabet():
    """The printable character that stands for each byte: itself, or else the next one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return ({chr(byte): byte for byte in printable}
            | {chr(0x100 + index): byte for index, byte in enumerate(others)})


_BYTES = _byte_alphabet()


def _piece_bytes(token, kind):
    if kind == TokenType.CONTROL:
        return b""
    if kind == TokenType.USER_DEFINED or not all(character in _BYTES for character in token):
        return token.encode()
    return bytes(_BYTES[character] for character in token)
