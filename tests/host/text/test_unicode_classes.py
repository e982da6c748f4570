"""Classes of characters."""

from bisect import bisect_right
import unicodedata

from host.text.unicode_classes import class_ranges
from soc.cpu.board_file import CharacterClass

_KINDS = {"L": CharacterClass.LETTER, "N": CharacterClass.NUMBER}
_SEPARATORS = "\x1c\x1d\x1e\x1f"
"""White space for Python alone."""


def test_classes_are_those_of_python():
    """Of all characters that Python's version of Unicode has."""
    ranges = class_ranges()
    firsts = [first for first, _kind in ranges]
    assert firsts[0] == 0 and firsts == sorted(set(firsts)) and len(firsts) < 2000
    assert all(before[1] != after[1] for before, after in zip(ranges, ranges[1:]))
    for code in range(0x110000):
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cn", "Cs"):
            continue
        space = character.isspace() and character not in _SEPARATORS
        expected = CharacterClass.SPACE if space else _KINDS.get(category[0], CharacterClass.OTHER)
        assert ranges[bisect_right(firsts, code) - 1][1] == expected, hex(code)
