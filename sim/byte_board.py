"""What is the same of everything simulated that a host talks with in bytes."""

__all__ = ["ByteBoard"]


class ByteBoard:
    """A simulation that takes and sends bytes, as :class:`sim.terminal.BoardTerminal` and a host's transports want it.

    Parameters
    ----------
    simulation : sim.linked.LinkedSimulation

    Attributes
    ----------
    busy : bool
        Whether it has more to do than to talk.
    """

    busy = False

    def __init__(self, simulation):
        self._sim = simulation

    @property
    def cycle(self):
        """Clock cycles since the start."""
        return self._sim.cycle

    @property
    def quiet(self):
        """See :class:`sim.linked.LinkedSimulation`."""
        return self._sim.quiet

    def exchange(self, data, *, cycles, quiet):
        """See :meth:`sim.linked.LinkedSimulation.exchange`."""
        return self._sim.exchange(data, cycles=cycles, quiet=quiet)

    def close(self):
        """Free the memory of the simulation."""
        self._sim.close()
