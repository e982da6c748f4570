"""A router that goes on for ever."""

import re

from flow.toolchain import ToolStopped

__all__ = ["RouterWatch", "route"]

_ITERATION = re.compile(r"^Info:\s+iter=\d+ wires=\d+ overused=(\d+) .*\btmgfail=(\d+)", re.MULTILINE)


class RouterWatch:
    """Sees in the log of nextpnr's ``router2`` that it will not end.

    With ``--tmg-ripup`` it takes up the wires of paths that are too slow, and lays them again. Where they can be no
    faster it lays them as they were, again and again: nextpnr 0.11 was stopped after 530 times in which all wires had
    their places and 18 paths stayed too slow.

    Parameters
    ----------
    log : pathlib.Path
        What nextpnr writes with ``-l``; it need not be there yet.
    """

    PATIENCE = 100
    """Iterations without a wire in two places, and never with fewer slow paths than at their begin."""

    def __init__(self, log):
        self._log = log

    def __call__(self):
        """Whether it was in vain that often (bool)."""
        try:
            iterations = _ITERATION.findall(self._log.read_text(errors="replace"))
        except FileNotFoundError:
            return False
        least = in_vain = 0
        for overused, slow in ((int(overused), int(slow)) for overused, slow in iterations):
            if overused or not slow or not in_vain or slow < least:
                least, in_vain = slow, int(not overused and slow > 0)
            else:
                in_vain += 1
        return in_vain >= self.PATIENCE


def route(command, more, *, log, toolchain):
    """Run nextpnr, in the folder of its log, with options of the router, or without them if it would not end.

    Parameters
    ----------
    command, more : sequence of str
        The command, and those options.
    log : pathlib.Path
    toolchain : flow.toolchain.Toolchain

    Raises
    ------
    flow.toolchain.ToolError
        If it fails.
    """
    try:
        toolchain.run([*command, *more], cwd=log.parent, watch=RouterWatch(log))
    except ToolStopped:
        # Its clock is missed; by how much, and where, is known without these options.
        toolchain.run(command, cwd=log.parent)
