"""Saying what is being waited for."""

from contextlib import contextmanager
import sys
import threading

__all__ = ["show_waiting_with", "waiting"]

_SECONDS = 2.0


def _print(text):
    print(f"celosia: {text}", file=sys.stderr, flush=True)


_show = _print


@contextmanager
def show_waiting_with(function):
    """While the block runs, give what is waited for to a function, in place of a line on stderr.

    Parameters
    ----------
    function : function of str
        Called from another thread.
    """
    global _show
    before, _show = _show, function
    try:
        yield
    finally:
        _show = before


@contextmanager
def waiting(what, *, seconds=_SECONDS):
    """Say what is being waited for, if the block takes longer than ``seconds``.

    Parameters
    ----------
    what : str
    seconds : float
    """
    timer = threading.Timer(seconds, lambda: _show(what))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
