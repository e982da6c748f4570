"""The token list of a GGUF file."""

from host.errors import CelosiaError
from host.text.tokenizer.special_texts import (
    CODE_TEXTS, HARMONY_TEXTS, ends_by_spelling, part_end, strips_left, strips_right)

__all__ = ["TokenType", "Vocabulary"]


class TokenType:
    """Values of ``tokenizer.ggml.token_type``; 1 to 6 are SentencePiece's too."""

    UNDEFINED = 0
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
    metadata : host.gguf.metadata.Metadata
    bos, eos : int, optional
        Ids that this kind of vocabulary has where no key names them.

    Attributes
    ----------
    metadata : host.gguf.metadata.Metadata
    tokens : list of str
        A byte that is no UTF-8 is a lone surrogate, as Python's ``surrogateescape`` has it. A token may be empty.
    types : list of int
        A `TokenType` per token; NORMAL where the file does not say. What some tokens are spelled like counts for more
        than their type: see `host.text.tokenizer.special_texts`.
    bos, eos : int or None
    stop : frozenset of int
        Tokens that end a text, a turn or a message: those that keys name and those that are spelled like one.
    strips_left, strips_right : frozenset of int
        Tokens that white space in front of them, or behind, belongs to.

    Raises
    ------
    CelosiaError
        If the list is missing, a token occurs twice, or a key has the wrong type or length.
    """

    def __init__(self, metadata, *, bos=None, eos=None):
        self.metadata = metadata
        self.tokens = metadata.texts("tokenizer.ggml.tokens")
        count = len(self.tokens)
        self._refuse_twins()
        types = metadata.numbers("tokenizer.ggml.token_type", count, TokenType.NORMAL)
        for kind in set(types):
            if kind not in range(TokenType.BYTE + 1):
                metadata.fail("tokenizer.ggml.token_type", "a list of numbers from 0 to 6", kind)
        self.bos, self.eos = self.named("bos", bos), self.named("eos", eos)
        named = {self.eos, *map(self.named, ("eot", "eom", "fim_pad", "fim_rep", "fim_sep"))} - {None}
        spelled = ends_by_spelling(self.tokens)
        self.stop = frozenset(named | spelled)
        self.types = list(map(int, types))
        self._controls = spelled | {id for id, token in enumerate(self.tokens) if token in CODE_TEXTS}
        for id in self._controls:
            if self.types[id] == TokenType.USER_DEFINED:  # not to be cut out of a text that happens to spell it
                self.types[id] = TokenType.CONTROL
        visible = {id for id, token in enumerate(self.tokens) if token in HARMONY_TEXTS} | {part_end(self.tokens)}
        for id in visible - {None}:
            self.types[id] = TokenType.USER_DEFINED
        special = frozenset(id for _token, id in self.special())
        self.strips_left = strips_left(metadata, self.tokens)
        self.strips_right = strips_right(metadata, self.tokens, special)

    @property
    def path(self):
        """The file, for messages."""
        return self.metadata.path

    def of_type(self, *kinds):
        """Tokens and ids of some types, empty ones left out: list of (str, int)."""
        return [(token, id) for id, (token, kind) in enumerate(zip(self.tokens, self.types)) if kind in kinds and token]

    def special(self):
        """Tokens and ids of what is cut out of a text in which special tokens count: list of (str, int)."""
        kinds = TokenType.CONTROL, TokenType.UNKNOWN, TokenType.USER_DEFINED
        return [(token, id) for id, (token, kind) in enumerate(zip(self.tokens, self.types))
                if token and (kind in kinds or id in self._controls)]

    def named(self, name, default=None):
        """The token that the key ``tokenizer.ggml.NAME_token_id`` names, or `default` if the vocabulary has it."""
        key = f"tokenizer.ggml.{name}_token_id"
        if default is not None and key not in self.metadata:
            return default if default < len(self.tokens) else None
        return self.metadata.token(key, len(self.tokens))

    def _refuse_twins(self):
        """Refuse a token that occurs twice: which id its text has would be a guess."""
        if len(set(self.tokens)) + max(0, self.tokens.count("") - 1) == len(self.tokens):
            return
        first = {}
        for id, token in enumerate(self.tokens):
            if token and first.setdefault(token, id) != id:
                raise CelosiaError(f"{self.path}: metadata key 'tokenizer.ggml.tokens' must be a list of different "
                                   f"tokens; {first[token]} and {id} are both {token[:40]!r}")
