"""A board in a simulation in this process."""

from host.transport.transport import Transport

__all__ = ["SimulatedTransport"]

_QUIET = 64


class SimulatedTransport(Transport):
    """A simulated board that runs while the host reads; seconds are those of its clock.

    Parameters
    ----------
    board : sim.board.SimulatedBoard
        Or whatever has its `exchange`, `busy` and `hertz`.
    """

    name = "the simulation"

    def __init__(self, board):
        self._board = board
        self._unsent = b""

    def write(self, data):
        self._unsent += data

    def read(self, timeout):
        end = self._board.cycle + max(1, round(timeout * self._board.hertz))
        while self._board.cycle < end:
            taken, received = self._board.exchange(
                self._unsent, cycles=end - self._board.cycle, quiet=_QUIET)
            self._unsent = self._unsent[taken:]
            if received:
                return received
            if not self._board.busy and not self._unsent:
                return b""  # Nothing more can come: time may as well pass at once.
        return b""

    def close(self):
        self._board.close()
