"""A simulated board behind a pseudo-terminal."""

import os
import pty
import select
import tty

__all__ = ["BoardTerminal"]

_CYCLES = 1 << 13
"""Cycles between two looks at the terminal while the board is busy."""
_READ_BYTES = 1 << 12
_MOST_BYTES = 1 << 20


class BoardTerminal:
    """Runs a simulated board and passes bytes between it and a pseudo-terminal.

    The board's clock stands still while it has nothing to do. Bytes that the board sends and nobody reads are
    kept, and lost beyond one MiB, as they would be at a serial port. A context manager: closes at the end.

    Parameters
    ----------
    board : sim.board.SimulatedBoard or sim.processor.SimulatedProcessor

    Attributes
    ----------
    path : str
        What a host opens as its serial port.
    """

    def __init__(self, board):
        self._board = board
        self._here, self._there = pty.openpty()
        # Bytes as they are, without an echo. This end of it stays open, so that hosts may come and go.
        tty.setraw(self._there)
        os.set_blocking(self._here, False)
        self.path = os.ttyname(self._there)
        self._arrived = self._leaving = b""

    def serve(self, *, seconds=None):
        """Run the board for ever; or look at the terminal once, and wait at most so long if there is nothing
        to do."""
        while True:
            self._step(seconds)
            if seconds is not None:
                return

    def _step(self, seconds):
        busy = self._board.busy
        idle = not self._arrived and not busy and self._board.quiet
        readable, writable, _ = select.select(
            [self._here] if len(self._arrived) < _READ_BYTES else [],
            [self._here] if self._leaving else [], [],
            seconds if idle else 0)
        if readable:
            self._arrived += os.read(self._here, _READ_BYTES)
        if writable:
            self._leaving = self._leaving[os.write(self._here, self._leaving):]
        if self._arrived or not idle:
            # While the accelerator runs, there is more to do than to talk.
            patience = self._board.patience
            taken, sent = self._board.exchange(
                self._arrived, cycles=max(_CYCLES, 2 * patience), quiet=_CYCLES if busy else patience)
            self._arrived = self._arrived[taken:]
            self._leaving = (self._leaving + sent)[:_MOST_BYTES]

    def close(self):
        """Take the terminal away and end the simulation."""
        os.close(self._here)
        os.close(self._there)
        self._board.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
