"""Run a simulation to its end, but not for ever."""

__all__ = ["run_with_deadline"]


def run_with_deadline(simulator, cycles):
    """Run until every test bench has ended.

    Parameters
    ----------
    simulator : amaranth.sim.Simulator
        With a clock and at least one critical test bench.
    cycles : int
        Cycles within which they must end.

    Raises
    ------
    AssertionError
        If they do not.
    """
    for _ in range(2 * cycles):  # A step is an edge of the clock.
        if not simulator.advance():
            return
    raise AssertionError(f"Not done after {cycles} cycles")
