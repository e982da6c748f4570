"""The longest token first, on bytes, as RWKV has it."""

import re

from host.errors import CelosiaError
from host.text.tokenizer.prefixes import Prefixes
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary

__all__ = ["RwkvTokenizer"]

_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}


class RwkvTokenizer(Tokenizer):
    r"""Takes the longest token that the rest of a text begins with, again and again.

    Tokens are bytes, spelled with ``\t``, ``\n``, ``\r`` and ``\xE2``; a backslash before anything else stands for
    that. A byte that no token begins with becomes the unknown token, or is an error where the vocabulary has none.
    Unlike in llama.cpp, text that spells a control token is not that token unless special tokens are asked for.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata)
        spelled = [*map(_unescaped, vocabulary.tokens)]
        pieces = [b"" if kind == TokenType.CONTROL else token for token, kind in zip(spelled, vocabulary.types)]
        super().__init__(vocabulary, pieces, add_space=False,
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", False))
        self._path = vocabulary.path
        self.unknown = vocabulary.named("unknown")
        self._tokens = Prefixes((token, id) for id, token in enumerate(pieces) if token)

    def _encode_text(self, text, first):
        data, at, ids = text.encode(), 0, []
        while at < len(data):
            found = self._tokens.at(data, at)
            if not found and self.unknown is None:
                raise CelosiaError(f"{self._path}: text must be of what the vocabulary has tokens for, which the byte "
                                   f"{data[at]:#04x} is not")
            at, id = found[-1] if found else (at + 1, self.unknown)
            ids.append(id)
        return ids


def _unescaped(token):
    def meant(match):
        return _ESCAPES.get(match[1]) or (bytes.fromhex(match[1][1:].decode()) if len(match[1]) == 3 else match[1])

    return _ESCAPE.sub(meant, token.encode(errors="surrogateescape"))
