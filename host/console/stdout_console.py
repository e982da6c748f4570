"""Tables on stdout."""

import sys

from rich.console import Console

__all__ = ["StdoutConsole"]

_WIDTH = 120
"""Columns where stdout is no terminal, and so has no width to keep within."""


class StdoutConsole(Console):
    """Prints tables and lines as they are: no highlights, no line broken but in a table.

    If whoever reads stdout has closed it, that is an error like any other, which rich would hide.

    Parameters
    ----------
    quiet : bool
        Print nothing: stdout belongs to something else.
    markup : bool
        Whether square brackets are rich's markup.
    """

    def __init__(self, *, quiet=False, markup=False):
        super().__init__(highlight=False, markup=markup, soft_wrap=True, quiet=quiet,
                         width=None if sys.stdout.isatty() else _WIDTH)

    def on_broken_pipe(self):
        raise  # What rich has caught.
