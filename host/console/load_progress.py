"""How far the loading of a board is, in a line."""

from time import monotonic

__all__ = ["LoadProgress"]

_WIDTH = 30


class LoadProgress:
    """Call it with bytes done and bytes in all; it shows a bar, the speed and the time that is left.

    What the board held already counts as done, but not for the speed.

    Parameters
    ----------
    show : function of str
        Takes the line.
    clock : function that returns seconds
    """

    def __init__(self, show, *, clock=monotonic):
        self._show, self._clock = show, clock
        self._start = clock()
        self._held = None

    def __call__(self, done, total):
        if self._held is None:
            self._held = done
        seconds, sent = self._clock() - self._start, done - self._held
        filled = _WIDTH * done // total
        line = f"loading [{'#' * filled}{'.' * (_WIDTH - filled)}] {done / total:.0%} of {total:,} bytes"
        if sent and seconds > 0:
            line += f", {sent / seconds:,.0f} bytes/s, {(total - done) * seconds / sent:,.0f} s left"
        self._show(line)
