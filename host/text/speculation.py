"""Drafts for speculative decoding, and what becomes of them."""

__all__ = ["PromptLookup", "verified"]


class PromptLookup:
    """Drafts that continue a text as it went on before.

    The latest tokens are looked up in the text itself, prompt included: the longest n-gram, of `longest` tokens
    down to one, that occurred before, where it occurred last. What followed it is the draft. A draft that reaches
    the end of the text goes on with its own beginning, so that a repetition is continued however short it is.

    Parameters
    ----------
    ids : sequence of int
        The text so far.
    longest : int
        Tokens of the longest n-gram.
    """

    def __init__(self, ids=(), *, longest=3):
        self._ids = []
        # For each n, what n-grams were last followed by: index of that token.
        self._followed = {length: {} for length in range(longest, 0, -1)}
        for token in ids:
            self.push(token)

    def push(self, token):
        """Append a token to the text."""
        for length, followed in self._followed.items():
            if len(self._ids) >= length:
                followed[tuple(self._ids[-length:])] = len(self._ids)
        self._ids.append(token)

    def draft(self, count):
        """Tokens that may come next.

        Parameters
        ----------
        count : int
            Most tokens of the draft.

        Returns
        -------
        list of int
            `count` tokens, or none if the last token is new to the text.
        """
        for length, followed in self._followed.items():
            at = followed.get(tuple(self._ids[-length:])) if len(self._ids) >= length else None
            if at is not None:
                text = self._ids[at:at + count]
                return [text[index % len(text)] for index in range(count)]
        return []


def verified(drafts, choose):
    """Tokens that come of one pass over a token and its drafts.

    ``choose(row)`` draws the token that follows row ``row``, row 0 being the token before the drafts, from the
    model's distribution p. The draft there, x, is accepted if it is what was drawn. That is the acceptance rule of
    speculative sampling (Leviathan et al. 2023, section 2.3) for a draft without randomness: x is accepted with
    probability p(x), and otherwise a token comes from p with x taken out, divided by what remains. So each token has
    the distribution that it has without drafts; and since one token is drawn for every token that is generated, in
    their order, the same random numbers even give the same text.

    Parameters
    ----------
    drafts : sequence of int
    choose : callable of int to int
        Called for row 0, and for each next row as long as drafts are accepted.

    Yields
    ------
    int
        Accepted drafts, and then the token that replaces the first rejected one or follows the last.
    """
    for row, draft in enumerate((*drafts, None)):
        token = choose(row)
        yield token
        if token != draft:
            return
