"""A terminal on the port of a board, whose firmware talks by itself."""

from contextlib import contextmanager
import os
import select
import sys
from time import monotonic

from host.errors import CelosiaError

__all__ = ["LineTerminal"]

_LEAVE = b"\x1d"  # control and ]
_PROMPT = b"\n> "
_SLICE = 0.02
"""Seconds between two looks at keys."""
_LONGEST = 3600


class LineTerminal:
    """Passes lines to a board, and what the board shows to stdout, until there are no more.

    On a terminal keys go to the board as they are, which shows and corrects them; control-] leaves. Other input goes
    line by line, each when the board has its prompt, since what comes while it writes could be lost.

    Parameters
    ----------
    transport : host.transport.transport.Transport
    prompt_seconds : float
        How long the board may take to show its first prompt.
    """

    def __init__(self, transport, *, prompt_seconds=5):
        self._transport, self._prompt_seconds = transport, prompt_seconds
        self._latest = b""

    def run(self):
        """Talk until the input ends.

        Raises
        ------
        CelosiaError
            If the board shows no prompt.
        """
        self._transport.write(b"\r")
        if sys.stdin.isatty():
            with _raw_keys():
                self._pass_keys()
            return
        self._await_prompt(self._prompt_seconds)
        for line in sys.stdin.buffer:
            self._latest = b""
            self._transport.write(line.rstrip(b"\r\n") + b"\r")
            self._await_prompt(_LONGEST)
        self._show(b"\n")

    def _pass_keys(self):
        while True:
            if select.select([sys.stdin], [], [], 0)[0]:
                keys = os.read(sys.stdin.fileno(), 256)
                if not keys or _LEAVE in keys:
                    return
                self._transport.write(keys)
            self._show(self._transport.read(_SLICE))

    def _await_prompt(self, seconds):
        end = monotonic() + seconds
        while not self._latest.endswith(_PROMPT):
            if monotonic() > end:
                raise CelosiaError(f"{self._transport.name}: the board shows no prompt for {seconds:g} s: "
                                   f"{self._transport.hint()}")
            shown = self._transport.read(_SLICE)
            self._latest = (self._latest + shown)[-len(_PROMPT):]
            self._show(shown)

    @staticmethod
    def _show(data):
        if data:
            sys.stdout.buffer.write(data.replace(b"\r\n", b"\n") if not sys.stdout.isatty() else data)
            sys.stdout.buffer.flush()


@contextmanager
def _raw_keys():
    """Keys come one by one, unchanged and without an echo."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
