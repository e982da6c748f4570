"""SentencePiece with byte fallback, as llama 1 and 2 use it."""

import struct

import sentencepiece

from host.errors import CelosiaError
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType

__all__ = ["SentencePieceTokenizer"]

_SPACE = "\u2581"
_BPE = 2  # TrainerSpec.ModelType


class SentencePieceTokenizer(Tokenizer):
    """Byte-pair merges in the order of the tokens' scores; what no token covers becomes byte tokens.

    The sentencepiece library does the work, on a model file rebuilt from the metadata. No text
    normalisation takes place, spaces included.

    Parameters
    ----------
    vocabulary : host.text.tokenizer.vocabulary.Vocabulary

    Raises
    ------
    CelosiaError
        If the library does not accept the vocabulary.
    """

    def __init__(self, vocabulary):
        add_space = vocabulary.metadata.flag("tokenizer.ggml.add_space_prefix", True)
        super().__init__(vocabulary, [*map(_piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=vocabulary.metadata.flag("tokenizer.ggml.add_bos_token", True),
                         add_space=add_space)
        try:
            self._processor = sentencepiece.SentencePieceProcessor(
                model_proto=_model_proto(vocabulary, add_space))
        except (RuntimeError, ValueError, struct.error) as error:
            raise CelosiaError(f"{vocabulary.path}: unusable SentencePiece vocabulary: "
                               f"{' '.join(str(error).split())}") from error

    def _encode_text(self, text):
        return self._processor.encode(text)


def _piece_bytes(token, kind):
    if kind == TokenType.BYTE:
        try:
            return bytes([int(token[3:-1], 16)])  # <0x0A>
        except ValueError:
            return token.encode()
    if kind == TokenType.CONTROL:
        return b""
    if kind == TokenType.UNKNOWN:
        return " \u2047 ".encode()  # what sentencepiece prints
    return token.replace(_SPACE, " ").encode()


def _model_proto(vocabulary, add_space):
    """Serialised sentencepiece ``ModelProto``; numbers are those of sentencepiece_model.proto."""
    count = len(vocabulary.tokens)
    scores = vocabulary.metadata.numbers("tokenizer.ggml.scores", count, 0.0)
    proto = bytearray()
    for token, score, kind in zip(vocabulary.tokens, scores, vocabulary.types):
        proto += _message(1, _message(1, token.encode()) + _float(2, score) + _integer(3, kind))
    absent = (1 << 64) - 1  # -1: no BOS, EOS or padding for the library to know
    proto += _message(2, _integer(3, _BPE) + _integer(4, count)
                      + _integer(35, TokenType.BYTE in vocabulary.types)  # byte fallback
                      + _integer(41, absent) + _integer(42, absent) + _integer(43, absent))
    proto += _message(3, _message(1, b"identity") + _integer(3, add_space) + _integer(4, 0) + _integer(5, 1))
    return bytes(proto)


def _varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return encoded


def _integer(field, value):
    return _varint(field << 3) + _varint(int(value))


def _float(field, value):
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _message(field, payload):
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload
