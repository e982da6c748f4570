"""The token list of a GGUF file."""

from numbers import Integral

import numpy as np

from host.errors import CelosiaError

__all__ = ["TokenType", "Vocabulary"]

#: What some writers store where a model has no such token.
_NO_TOKEN = 0xFFFF_FFFF


class TokenType:
    """Values of ``tokenizer.ggml.token_type``, which are SentencePiece's too."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Vocabulary:
    """The ``tokenizer.ggml`` keys that all kinds of tokenizer share.

    Parameters
    ----------
    path : str or os.PathLike
        For messages.
    metadata : dict
        As `host.gguf_file.GGUFFile` reads it.

    Attributes
    ----------
    tokens : list of str
    types : list of int
        A `TokenType` per token; NORMAL where the file does not say.
    bos, eos : int or None
    stop : frozenset of int
        Tokens that end a text or a turn.

    Raises
    ------
    CelosiaError
        If the list is missing or a key has the wrong type or length.
    """

    def __init__(self, path, metadata):
        self.path = path
        self._metadata = metadata
        self.tokens = self.get("tokens", list)
        self.types = self.numbers("token_type", TokenType.NORMAL)
        self.bos = self._token("bos_token_id")
        self.eos = self._token("eos_token_id")
        ends = (self.eos, self._token("eot_token_id"), self._token("eom_token_id"))
        self.stop = frozenset(end for end in ends if end is not None)

    def get(self, key, kind, default=None):
        """Value of ``tokenizer.ggml.<key>``, which must be of type `kind`."""
        value = self._metadata.get(f"tokenizer.ggml.{key}", default)
        if value is None:
            raise CelosiaError(f"{self.path}: metadata key 'tokenizer.ggml.{key}' is missing")
        if kind is list and isinstance(value, np.ndarray) and not value.size:
            value = []
        if not isinstance(value, kind):
            raise CelosiaError(f"{self.path}: metadata key 'tokenizer.ggml.{key}' must be of type "
                               f"{kind.__name__}, not {type(value).__name__}")
        return value

    def numbers(self, key, default):
        """A list with one number per token."""
        values = self.get(key, np.ndarray, np.full(len(self.tokens), default))
        if len(values) != len(self.tokens):
            raise CelosiaError(f"{self.path}: metadata key 'tokenizer.ggml.{key}' must have one entry for each "
                               f"of the {len(self.tokens)} tokens, not {len(values)}")
        return values.tolist()

    def _token(self, key):
        value = self._metadata.get(f"tokenizer.ggml.{key}")
        if value is None or isinstance(value, Integral) and value in (_NO_TOKEN, -1):
            return None
        if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= value < len(self.tokens):
            raise CelosiaError(f"{self.path}: metadata key 'tokenizer.ggml.{key}' must be a token id below "
                               f"{len(self.tokens)}, not {value!r}")
        return int(value)
