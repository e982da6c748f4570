"""Texts at which a generation ends."""

from host.errors import CelosiaError

__all__ = ["StopText"]


class StopText:
    """Passes text on until a stop text is complete, and holds back what may be the beginning of one.

    The stop text that is complete first ends the text, the longest of those that are complete together. So
    what comes out does not depend on the pieces that went in.

    Parameters
    ----------
    stops : sequence of str

    Attributes
    ----------
    found : bool
        Whether the text has ended.

    Raises
    ------
    CelosiaError
        If a stop text is empty.
    """

    def __init__(self, stops=()):
        if not all(stops):
            raise CelosiaError("stop text must not be empty")
        self.found = False
        self._stops = tuple(stops)
        self._held = ""

    def push(self, piece):
        """Append to the text and return what of it is certain to come before every stop text; str."""
        if self.found:
            return ""
        text = self._held + piece
        places = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if places:
            self.found, self._held = True, ""
            return text[:min(places)[1]]
        held = max((size for stop in self._stops for size in range(1, min(len(stop), len(text) + 1))
                    if text.endswith(stop[:size])), default=0)
        self._held = text[len(text) - held:]
        return text[:len(text) - held]

    def flush(self):
        """End the text and return what was held back; str."""
        held, self._held = self._held, ""
        return held
