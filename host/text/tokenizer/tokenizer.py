"""What every kind of tokenizer does."""

from abc import ABC, abstractmethod

from host.errors import CelosiaError
from host.text.tokenizer.decode_stream import DecodeStream
from host.text.tokenizer.vocabulary import TokenType

__all__ = ["Tokenizer"]

_BLANK = " \t\n\v\f\r"
"""What a token that takes the white space beside it takes."""


class Tokenizer(ABC):
    """Text to token ids and back.

    Control tokens (begin, end, ...) stand for no text: they are decoded to nothing, and text that spells
    one is encoded letter by letter, unless special tokens are asked for. User-defined tokens are cut out of a text
    before all else, the longest first, and what is between them is encoded as if each piece were a text of its own, as
    llama.cpp does.

    Parameters
    ----------
    vocabulary : host.text.tokenizer.vocabulary.Vocabulary
    pieces : list of bytes
        What each token stands for.
    add_bos : bool
        Whether the model expects BOS before a text.
    add_eos : bool
        Whether it expects an end after a text that is complete.
    add_space : bool
        Whether encoding puts a space before a text.
    end : int, optional
        What it then expects, EOS where it is not given.

    Attributes
    ----------
    bos, eos : int or None
    add_bos : bool
        Whether texts begin with BOS.
    stop : frozenset of int
        Tokens after which generation ends: EOS, and the ends of a turn or message where the model has them.
    unknown : int or None
        What becomes of text that the vocabulary has no tokens for.
    pre : host.text.tokenizer.pre_tokenizers.PreTokenizer or None
        How a text is cut before tokens are merged.
    note : str or None
        What a user should know about this vocabulary before relying on its tokens; one line.
    """

    unknown = None
    note = None
    pre = None

    def __init__(self, vocabulary, pieces, *, add_bos, add_space, add_eos=False, end=None):
        self.bos = vocabulary.bos
        self.eos = vocabulary.eos
        self.stop = vocabulary.stop
        self.add_bos = add_bos and self.bos is not None
        self._texts, self._pieces = vocabulary.tokens, pieces
        end = self.eos if end is None else end
        self._end = [end] if add_eos and end is not None else []
        self._add_space = add_space
        self._strips_left, self._strips_right = vocabulary.strips_left, vocabulary.strips_right
        self._whole = _by_length(vocabulary.of_type(TokenType.USER_DEFINED))
        self._special = _by_length(vocabulary.special())
        self._special_ids = frozenset(id for _token, id in self._special)

    def __len__(self):
        return len(self._pieces)

    def encode(self, text, bos=None, *, end=False, special=False, begins=True):
        """Token ids of a text.

        Parameters
        ----------
        text : str
        bos : bool, optional
            Begin with BOS; by default what the model expects.
        end : bool
            The text is complete: what the model expects after it, if anything, comes last.
        special : bool
            Text that spells a control token becomes that token.
        begins : bool
            Nothing was before the text: if encoding puts a space before a text, it does so here.

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
        ids = [self.bos] if (self.add_bos if bos is None else bos) else []
        for index, fragment in enumerate(self._fragments(text, self._special if special else self._whole)):
            if isinstance(fragment, int):
                ids.append(fragment)
            else:
                ids += self._encode_text(fragment, begins or index > 0)
        return ids + (self._end if end else [])

    def decode(self, ids, *, special=False):
        """The text that the tokens stand for, without the space that encoding puts before a text.

        With `special`, control tokens are spelled.
        """
        stream = self.decode_stream(special=special)
        return "".join(map(stream.push, ids)) + stream.flush()

    def decode_stream(self, start=True, *, special=False):
        """A new `DecodeStream`; with ``start=False`` its first token continues a text."""
        pieces = [self.piece(id) for id in range(len(self))] if special else self._pieces
        return DecodeStream(pieces, strip_space=self._add_space and start,
                            bos=self.bos if start and not special else None)

    def piece(self, id):
        """What a token stands for by itself, control tokens as they are spelled; bytes."""
        return self._pieces[id] or self._texts[id].encode(errors="surrogateescape")

    def pieces(self):
        """What each token stands for, control tokens for nothing: list of bytes."""
        return list(self._pieces)

    @property
    def strips_left(self):
        """Tokens that white space in front of them belongs to: frozenset of int."""
        return self._strips_left

    @property
    def adds_space(self):
        """Whether encoding puts a space before a text."""
        return self._add_space

    def special_tokens(self):
        """What is cut out of a text in which special tokens count, the longest first.

        Returns
        -------
        list of (str, int, bool, bool)
            Spelling, id, whether it also is cut out of other texts, and whether white space behind it goes with it.
        """
        whole = {id for _token, id in self._whole}
        return [(token, id, id in whole, id in self._strips_right) for token, id in self._special]

    def merge_rules(self):
        """How tokens come of merging, as numbers (`host.text.tokenizer.merge_rules.MergeRules`).

        Raises
        ------
        CelosiaError
            If they come of something else.
        """
        raise CelosiaError("its tokens do not come of merging bytes or characters")

    def is_special(self, id):
        """Whether a token is one that only texts in which special tokens count can spell."""
        return id in self._special_ids

    def _fragments(self, text, tokens):
        """Pieces of a text and ids of the tokens between them."""
        fragments = [text] if text else []
        for token, id in tokens:
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
                    cut[-1] = cut[-1].rstrip(_BLANK) if id in self._strips_left else cut[-1]
                    cut += [id, other.lstrip(_BLANK) if id in self._strips_right else other]
            fragments = [fragment for fragment in cut if fragment != ""]
        return fragments

    @abstractmethod
    def _encode_text(self, text, first):
        """Token ids of a text without tokens that are cut out; without BOS. It is not empty.

        `first` says whether a space that encoding puts before a text belongs here.
        """


def _by_length(entries):
    return sorted(entries, key=lambda entry: -len(entry[0].encode(errors="surrogateescape")))
