"""A board in a simulation in this process."""

from host.transport.transport import Transport

__all__ = ["SimulatedTransport"]

_QUIET = 64
_LONGEST = 1 << 20


class SimulatedTransport(Transport):
    """A simulated board that runs while the host writes and reads; seconds are those of its clock.

    Parameters
    ----------
    board : sim.board.SimulatedBoard
        Or whatever has its `exchange`, `busy` and `hertz`.
    """

    name = "the simulation"

    def __init__(self, board):
        self._board = board
        self._received = b""

    def clock(self):
        return self._board.cycle / self._board.hertz

    def write(self, data):
        while data:
            taken, received = self._board.exchange(data, cycles=_LONGEST, quiet=1)
            data = data[taken:]
            self._received += received

    def read(self, timeout):
        end = self._board.cycle + max(1, round(timeout * self._board.hertz))
        # When it is idle nothing more can come, and time may as well pass at once.
        while not self._received and self._board.cycle < end:
            _, self._received = self._board.exchange(b"", cycles=end - self._board.cycle, quiet=_QUIET)
            if self._board.quiet and not self._board.busy:
                break
        received, self._received = self._received, b""
        return received

    def close(self):
        self._board.close()
