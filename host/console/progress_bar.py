"""A progress bar on stderr."""

from contextlib import ExitStack
import sys

from flow.waiting import show_waiting_with

__all__ = ["ProgressBar"]


class ProgressBar:
    """Bar, count, time left and a note; a context manager.

    It shows only if stderr is a terminal, and is gone afterwards.

    Parameters
    ----------
    total : int
    unit : str
        What is counted, in the plural.
    """

    def __init__(self, total, unit):
        self._total, self._unit = total, unit
        self._progress, self._closing = None, ExitStack()

    def __enter__(self):
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                BarColumn(), MofNCompleteColumn(), TextColumn(f"{self._unit},"), TimeRemainingColumn(),
                TextColumn("left{task.description}", markup=False), console=Console(stderr=True),
                transient=True)
            self._task = self._progress.add_task("", total=self._total)
            self._progress.start()
            self._closing.enter_context(show_waiting_with(self.note))
        return self

    def __exit__(self, *exception):
        self._closing.close()
        if self._progress:
            self._progress.stop()

    def advance(self, count=1):
        """Count some more."""
        if self._progress:
            self._progress.advance(self._task, count)

    def note(self, text):
        """Show `text` behind the bar."""
        if self._progress:
            self._progress.update(self._task, description=f", {text}")
