"""Where a text can be cut before words without changing its tokens."""

import re

from host.text.tokenizer.pieces import SPACE

__all__ = ["word_cuts"]


def word_cuts(tokens):
    """A regular expression that matches, with no characters, where no token or merge reaches across.

    No merge joins a character and a space after it if no token has the two side by side. So a text can be cut there,
    and its words need to be encoded only once.

    Parameters
    ----------
    tokens : iterable of str
        With `SPACE` for spaces.

    Returns
    -------
    re.Pattern
    """
    joined = {SPACE, *(before for token in tokens for before, after in zip(token, token[1:]) if after == SPACE)}
    return re.compile(f"(?<=[^{re.escape(''.join(sorted(joined)))}])(?={SPACE})")
