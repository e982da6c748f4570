"""What every kind of tokenizer does."""

from abc import ABC, abstractmethod

from host.errors import CelosiaError
from host.text.tokenizer.decode_stream import DecodeStream
from host.text.tokenizer.vocabulary import TokenType

__all__ = ["Tokenizer"]


class Tokenizer(ABC):
    """Text to token ids and back.

    Control tokens (begin, end, ...) stand for no text: they are decoded to nothing, and text that spells
    one is encoded letter by letter. User-defined tokens are cut out of a text before all else, the longest first, and
    what is between them is encoded as if each piece were a text of its own, as llama.cpp does.

    Parameters
    ----------
    vocabulary : host.text.tokenizer.vocabulary.Vocabulary
    pieces : list of bytes
        What each token stands for.
    add_bos : bool
        Whether the model expects BOS before a text.
    add_space : bool
        Whether encoding puts a space before a text.

    Attributes
    ----------
    bos, eos : int or None
    stop : frozenset of int
        Tokens after which generation ends: EOS, and the ends of a turn or message where the model has them.
    unknown : int or None
        What becomes of text that the vocabulary has no tokens for.
    """

    unknown = None

    def __init__(self, vocabulary, pieces, *, add_bos, add_space):
        self.bos = vocabulary.bos
        self.eos = vocabulary.eos
        self.stop = vocabulary.stop
        self._pieces = pieces
        self._add_bos = add_bos and self.bos is not None
        self._add_space = add_space
        self._whole = sorted(vocabulary.of_type(TokenType.USER_DEFINED),
                             key=lambda entry: -len(entry[0].encode(errors="surrogateescape")))

    def __len__(self):
        return len(self._pieces)

    def encode(self, text, bos=None):
        """Token ids of a text.

        Parameters
        ----------
        text : str
        bos : bool, optional
            Begin with BOS; by default what the model expects.

        Returns
        -------
        list of int

        Raises
        ------
        CelosiaError
            If the text holds half a surrogate pair, as bytes of a command line that are no UTF-8 do, or a character
            that no token of the vocabulary stands for.
        ValueError
            If BOS is asked for and the model has none.
        """
        if bos and self.bos is None:
            raise ValueError("BOS must be left out: this vocabulary has none")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise CelosiaError(f"Text must be valid Unicode, which {text[error.start]!r} at "
                               f"{error.start} is not") from None
        ids = [self.bos] if (self._add_bos if bos is None else bos) else []
        for fragment in self._fragments(text):
            ids += [fragment] if isinstance(fragment, int) else self._encode_text(fragment)
        return ids

    def decode(self, ids):
        """The text that the tokens stand for, without the space that encoding puts before a text."""
        stream = self.decode_stream()
        return "".join(map(stream.push, ids)) + stream.flush()

    def decode_stream(self, start=True):
        """A new `DecodeStream`; with ``start=False`` its first token continues a text."""
        return DecodeStream(self._pieces, strip_space=self._add_space and start, bos=self.bos if start else None)

    def _fragments(self, text):
        """Pieces of a text and ids of the user-defined tokens between them."""
        fragments = [text] if text else []
        for token, id in self._whole:
            if token not in text:
                continue
            cut = []
            for fragment in fragments:
                if isinstance(fragment, int):
                    cut.append(fragment)
                    continue
                first, *others = fragment.split(token)
                cut.append(first)
                for other in others:
                    cut += [id, other]
            fragments = [fragment for fragment in cut if fragment != ""]
        return fragments

    @abstractmethod
    def _encode_text(self, text):
        """Token ids of a text without user-defined tokens; without BOS. It is not empty."""
