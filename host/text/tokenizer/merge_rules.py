"""A vocabulary as numbers: symbols, and which neighbours are merged."""

from dataclasses import dataclass

import numpy as np

__all__ = ["MergeRules", "sorted_merges"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MergeRules:
    """What a byte-pair tokenizer does within a cut, for those that have no dictionaries of strings.

    A text begins as a symbol for each letter. The pair of neighbours of the lowest rank, the leftmost of equals,
    becomes one symbol, until no pair can be merged. A symbol below the size of the vocabulary is the token of that id.

    Attributes
    ----------
    letters : dict of (int or str) to int
        Symbol of each byte, or of each character that tokens have.
    merges : numpy.ndarray
        uint32, shape (merges, 4): left symbol, right symbol, rank, result; ascending.
    byte_tokens : dict of int to int
        Tokens of single bytes, for what merges make no token of.
    whole : list of int
        Tokens that merges do not lead to, and that a whole cut may be.
    """

    letters: dict
    merges: np.ndarray
    byte_tokens: dict
    whole: list


def sorted_merges(merges):
    """Rows of `MergeRules.merges` from tuples, of which the first counts where a pair occurs twice."""
    table = np.array(merges, np.int64).reshape(-1, 4)
    _pairs, first = np.unique(table[:, 0] << 32 | table[:, 1], return_index=True)
    return table[first].astype(np.uint32)
