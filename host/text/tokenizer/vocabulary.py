"""The token list of a GGUF file."""

__all__ = ["TokenType", "Vocabulary"]


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
    metadata : host.gguf.metadata.Metadata

    Attributes
    ----------
    metadata : host.gguf.metadata.Metadata
    tokens : list of str
    types : list of int
        A `TokenType` per token; NORMAL where the file does not say.
    bos, eos : int or None
    stop : frozenset of int
        Tokens that end a text, a turn or a message.

    Raises
    ------
    CelosiaError
        If the list is missing or a key has the wrong type or length.
    """

    def __init__(self, metadata):
        self.metadata = metadata
        self.tokens = metadata.texts("tokenizer.ggml.tokens")
        count = len(self.tokens)
        types = metadata.numbers("tokenizer.ggml.token_type", count, TokenType.NORMAL)
        for kind in types:
            if kind not in range(TokenType.NORMAL, TokenType.BYTE + 1):
                metadata.fail("tokenizer.ggml.token_type", "a list of numbers from 1 to 6", kind)
        self.types = types
        self.bos = metadata.token("tokenizer.ggml.bos_token_id", count)
        self.eos = metadata.token("tokenizer.ggml.eos_token_id", count)
        ends = (self.eos, metadata.token("tokenizer.ggml.eot_token_id", count),
                metadata.token("tokenizer.ggml.eom_token_id", count))
        self.stop = frozenset(end for end in ends if end is not None)

    @property
    def path(self):
        """The file, for messages."""
        return self.metadata.path
