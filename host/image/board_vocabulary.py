"""The vocabulary of a board file."""

import numpy as np

from host.errors import CelosiaError, quoted
from host.image.section import SectionBuilder
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from host.text.unicode_classes import class_ranges
from soc.cpu.board_file import BoardClass, BoardLetter, BoardSpecial, BoardVocabulary, Cut, NOTHING

__all__ = ["pack_vocabulary"]

_CUTS = {None: (Cut.NONE, 0)} | {PRE_TOKENIZERS[name]: cut for name, cut in {
    "gpt-2": (Cut.GPT2, 0), "smollm": (Cut.GPT2, 1), "llama-bpe": (Cut.LLAMA, 3), "dbrx": (Cut.LLAMA, 3),
    "qwen2": (Cut.LLAMA, 1)}.items()}
"""What the firmware knows of pre-tokenizers: how to cut, and how many digits stay together."""


def pack_vocabulary(tokenizer, path):
    """A `soc.cpu.board_file.BoardVocabulary` and what it points to.

    Parameters
    ----------
    tokenizer : host.text.tokenizer.Tokenizer
    path : pathlib.Path
        The model's, for messages.

    Returns
    -------
    bytes

    Raises
    ------
    CelosiaError
        If it is a vocabulary that the firmware of a board has no tokenizer for.
    """
    if tokenizer.pre not in _CUTS:
        names = [name for name, pre in PRE_TOKENIZERS.items() if pre in _CUTS]
        pre = next(name for name, pre in PRE_TOKENIZERS.items() if pre == tokenizer.pre)
        raise CelosiaError(f"{path}: the pre-tokenizer must be one that a board has: {', '.join(names)}, "
                           f"not {quoted(pre)}")
    if tokenizer.strips_left:
        token = tokenizer.piece(min(tokenizer.strips_left)).decode(errors="replace")
        raise CelosiaError(f"{path}: white space in front of the token {quoted(token)} must stay where it is for a "
                           f"board, and this vocabulary takes it away")
    try:
        rules = tokenizer.merge_rules()
    except CelosiaError as error:
        raise CelosiaError(f"{path}: the vocabulary must be one of merges for a board: {error}") from None
    cut, digits = _CUTS[tokenizer.pre]
    is_bytes = cut != Cut.NONE
    vocabulary = BoardVocabulary(
        count=len(tokenizer), cut=cut, digits=digits, bytes=is_bytes, adds_space=tokenizer.adds_space,
        adds_bos=tokenizer.add_bos, bos=_or_nothing(tokenizer.bos), unknown=_or_nothing(tokenizer.unknown))
    section = SectionBuilder(vocabulary)
    _add_pieces(section, tokenizer)
    vocabulary.byte_tokens = section.add(np.array([rules.byte_tokens.get(byte, NOTHING) for byte in range(256)]))
    letters = sorted((letter if is_bytes else ord(letter), symbol) for letter, symbol in rules.letters.items())
    letters = [BoardLetter(*letter) for letter in letters] or [BoardLetter(NOTHING, NOTHING)]
    vocabulary.letters, vocabulary.letter_count = section.add(letters), len(letters)
    merges = rules.merges if len(rules.merges) else np.full((1, 4), NOTHING)
    vocabulary.merges, vocabulary.merge_count = section.add(merges), len(merges)
    pieces = {id: tokenizer.piece(id) for id in rules.whole}
    whole = sorted(pieces, key=pieces.get)
    vocabulary.whole, vocabulary.whole_count = section.add(np.array(whole)), len(whole)
    _add_specials(section, tokenizer)
    classes = [BoardClass(first, kind) for first, kind in class_ranges()] if is_bytes else []
    vocabulary.classes = section.add(classes)
    vocabulary.class_count = len(classes)
    return section.content()


def _or_nothing(id):
    return NOTHING if id is None else id


def _add_pieces(section, tokenizer):
    """What tokens stand for, and where."""
    pieces = tokenizer.pieces()
    ends = np.cumsum([0, *map(len, pieces)]) + section.add(b"".join(pieces))
    section.structure.pieces = section.add(ends)


def _add_specials(section, tokenizer):
    specials = []
    for text, id, user_defined, strips in tokenizer.special_tokens():
        try:
            spelled = text.encode()
        except UnicodeEncodeError:  # no text has it
            continue
        specials.append(BoardSpecial(id=id, text=section.add(spelled), bytes=len(spelled), user_defined=user_defined,
                                     strips=strips))
    section.structure.specials, section.structure.special_count = section.add(specials), len(specials)
