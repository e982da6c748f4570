"""How SentencePiece spells its tokens."""

import re

from host.text.tokenizer.vocabulary import TokenType

__all__ = ["BYTE", "SPACE", "find_unknown", "piece_bytes", "without_repeats"]

SPACE = "\u2581"
"""Stands for a space."""

BYTE = re.compile("<0x([0-9A-F]{2})>")
"""A token that is one byte, whatever its type."""

_UNKNOWN = "<unk>"


def find_unknown(vocabulary):
    """Id of the token for text that no other stands for, or None.

    It is the one that a key names, or else the first of its type, or else the one that is spelled so.
    """
    named = vocabulary.metadata.token("tokenizer.ggml.unknown_token_id", len(vocabulary.tokens))
    if named is not None:
        return named
    for _token, id in vocabulary.of_type(TokenType.UNKNOWN):
        return id
    return vocabulary.tokens.index(_UNKNOWN) if _UNKNOWN in vocabulary.tokens else None


def piece_bytes(token, kind):
    """What a token stands for; bytes."""
    if match := BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    if kind == TokenType.CONTROL:
        return b""
    if kind == TokenType.UNKNOWN:
        return " \u2047 ".encode()  # what sentencepiece prints
    return token.replace(SPACE, " ").encode(errors="surrogateescape")


def without_repeats(ids, unknown):
    """Ids in which several unknown tokens in a row are one; list of int."""
    return [id for at, id in enumerate(ids) if id != unknown or at == 0 or ids[at - 1] != id]
