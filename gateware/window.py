"""What a token sees through a window, and where in DRAM that lies."""

from dataclasses import dataclass

from gateware.isa import GROUP, VECTOR_CODES

__all__ = ["Window"]


def _whole(positions):
    """Rounded up to whole vectors."""
    return positions + -positions % VECTOR_CODES


@dataclass(frozen=True)
class Window:
    """A token at position p sees positions p - ``length`` + 1 to p, and the first ``sinks`` of the text.

    **In order.** Instructions have their elements in the order of the positions, without those that have left the
    window. V has a vector of codes for 32 positions; so positions leave 32 at a time, when none of a vector is seen any
    more, and those between the sinks and the first position of the window are hidden: they count as zero. The order
    depends on the position alone. A group of tokens shares it, and so it may not begin before and end after positions
    leave (:meth:`leaving`).

    **In DRAM.** The first ``front`` positions keep their place, the sinks rounded up to whole vectors. Others go round
    a ring. It is so long that the tokens of a group, also of one that is computed again, overwrite nothing that a token
    of it still sees. What a vector of V holds of other positions is hidden.

    Parameters
    ----------
    length : int
        1 or more.
    sinks : int

    Attributes
    ----------
    front : int
        First positions that never leave: multiple of 32.
    ring : int
        Positions of the ring: multiple of 32, at least ``length`` + 31.
    places : int
        Positions that DRAM has room for.
    most : int
        Most elements: positions seen or hidden.
    """

    length: int
    sinks: int = 0

    @property
    def front(self):
        return _whole(self.sinks)

    @property
    def ring(self):
        return _whole(self.length + GROUP - 1)

    @property
    def places(self):
        return self.front + self.ring

    @property
    def most(self):
        return self.front + self.length + VECTOR_CODES - 1

    def first(self, position):
        """First position of the window of a token at ``position``."""
        return max(position + 1 - self.length, 0)

    def left(self, position):
        """Positions that have left when a token is at ``position``: multiple of 32, those from ``front`` on."""
        first = self.first(position)
        return max(first - first % VECTOR_CODES - self.front, 0)

    def leaving(self, position):
        """Tokens from ``position`` on that go together at most: at the one after them positions leave."""
        first = max(position + 1 - self.length, self.front)
        return first + VECTOR_CODES - first % VECTOR_CODES + self.length - 1 - position

    def place(self, position):
        """Place of a position in DRAM."""
        return position if position < self.front else self.front + (position - self.front) % self.ring
