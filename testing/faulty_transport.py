"""Transports that do what real ones do at their worst."""

import random

from host.transport.transport import Transport

__all__ = ["DyingTransport", "HostKilled", "NoisyTransport"]


class NoisyTransport(Transport):
    """Inverts bits at random, in both directions.

    Parameters
    ----------
    inner : Transport
    rate : float
        Probability that a bit is wrong.
    seed : int

    Attributes
    ----------
    errors : int
        Bits inverted so far.
    """

    def __init__(self, inner, *, rate, seed):
        self.name, self.errors = inner.name, 0
        self._inner, self._rate, self._rng = inner, rate, random.Random(seed)
        self._next = self._distance()

    def _distance(self):
        """Good bits before the next bad one."""
        return int(self._rng.expovariate(self._rate))

    def _disturbed(self, data):
        data = bytearray(data)
        while self._next < 8 * len(data):
            data[self._next // 8] ^= 1 << self._next % 8
            self.errors += 1
            self._next += 1 + self._distance()
        self._next -= 8 * len(data)
        return bytes(data)

    def write(self, data):
        self._inner.write(self._disturbed(data))

    def read(self, timeout):
        return self._disturbed(self._inner.read(timeout))

    def clock(self):
        return self._inner.clock()

    def close(self):
        self._inner.close()


class HostKilled(Exception):
    """The host is no more."""


class DyingTransport(Transport):
    """Ends in the middle of whatever is under way.

    Parameters
    ----------
    inner : Transport
    after : int
        Bytes that are still sent.

    Raises
    ------
    HostKilled
        From `write`, when they have been.
    """

    def __init__(self, inner, *, after):
        self.name = inner.name
        self._inner, self._left = inner, after

    def write(self, data):
        self._inner.write(data[:self._left])
        self._left -= len(data)
        if self._left <= 0:
            raise HostKilled

    def read(self, timeout):
        return self._inner.read(timeout)

    def clock(self):
        return self._inner.clock()

    def close(self):
        self._inner.close()
