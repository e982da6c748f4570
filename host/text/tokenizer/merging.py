"""The algorithm of byte-pair encoding."""

from heapq import heappop, heappush

__all__ = ["merge"]


def merge(symbols, rank):
    """Join neighbours until no pair of them can be joined.

    The pair of the lowest rank is joined first, the leftmost of those that are equal.

    Parameters
    ----------
    symbols : iterable of str
        Usually the characters of a text; none empty.
    rank : callable of (str, str) to (int, float or None)
        None for a pair that is not joined.

    Returns
    -------
    list of str
        In the order of the text.
    """
    parts = list(symbols)
    # Indices of the neighbours. What has been joined to its left neighbour becomes empty.
    before, after = list(range(-1, len(parts) - 1)), list(range(1, len(parts) + 1))
    queue = []

    def propose(left, right):
        if left >= 0 and right < len(parts):
            order = rank(parts[left], parts[right])
            if order is not None:
                heappush(queue, (order, left, right, parts[left], parts[right]))

    for left, right in enumerate(after):
        propose(left, right)
    while queue:
        _order, left, right, first, second = heappop(queue)
        if (parts[left], parts[right]) != (first, second):  # one of them has been joined meanwhile
            continue
        parts[left], parts[right] = first + second, ""
        after[left] = after[right]
        if after[left] < len(parts):
            before[after[left]] = left
        propose(before[left], left)
        propose(left, after[left])
    return [part for part in parts if part]
