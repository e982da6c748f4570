"""The token list of a GGUF file."""

from host.errors import CelosiaError
from host.text.tokenizer.end_tokens import ends_by_spelling

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
        A `TokenType` per token; NORMAL where the file does not say. Tokens that are spelled like an end are never
        USER_DEFINED but CONTROL.
    bos, eos : int or None
    stop : frozenset of int
        Tokens that end a text, a turn or a message: those that keys name and those that are spelled like one
        (`host.text.tokenizer.end_tokens`).

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
        self.bos, self.eos = self._named("bos", bos), self._named("eos", eos)
        named = {self.eos, *map(self._named, ("eot", "eom", "fim_pad", "fim_rep", "fim_sep"))} - {None}
        spelled = ends_by_spelling(self.tokens)
        self.stop = frozenset(named | spelled)
        self.types = list(map(int, types))
        for id in spelled:
            if self.types[id] == TokenType.USER_DEFINED:  # not to be cut out of a text that happens to spell it
                self.types[id] = TokenType.CONTROL

    @property
    def path(self):
        """The file, for messages."""
        return self.metadata.path

    def of_type(self, *kinds):
        """Tokens and ids of some types, empty ones left out: list of (str, int)."""
        return [(token, id) for id, (token, kind) in enumerate(zip(self.tokens, self.types)) if kind in kinds and token]

    def _named(self, name, default=None):
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
