"""Letters, numbers and white space, as pre-tokenizers tell them apart."""

from functools import cache

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from soc.cpu.board_file import CharacterClass

__all__ = ["class_ranges"]

_CLASSES = {CharacterClass.LETTER: r"\p{L}+", CharacterClass.NUMBER: r"\p{N}+", CharacterClass.SPACE: r"\s+"}
_SURROGATES = range(0xD800, 0xE000)


@cache
def class_ranges():
    """Where the class of characters changes.

    It is the engine of the host's own regular expressions that is asked, about every character there is, so that its
    version of Unicode is that of the firmware, too. Takes some seconds, once.

    Returns
    -------
    tuple of (int, CharacterClass)
        First code point of each range, ascending; the first range begins at 0.
    """
    alphabet = "".join(chr(code) for code in range(0x110000) if code not in _SURROGATES)
    runs = [piece for piece, _where in Split(Regex("|".join(_CLASSES.values())), "isolated").pre_tokenize_str(alphabet)]
    firsts = {kind: _matched(pattern, [run[0] for run in runs]) for kind, pattern in _CLASSES.items()}
    ranges = []
    for run in runs:
        kind = next((kind for kind, matched in firsts.items() if run[0] in matched), CharacterClass.OTHER)
        if not ranges or ranges[-1][1] != kind:
            ranges.append((ord(run[0]), kind))
    return tuple(ranges)


def _matched(pattern, characters):
    """Which of some characters a regular expression matches: set of str."""
    text = "".join(characters)
    others = {where[0] + at for piece, where in Split(Regex(pattern), "removed").pre_tokenize_str(text)
              for at in range(len(piece))}
    return {character for at, character in enumerate(text) if at not in others}
