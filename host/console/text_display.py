"""Text that grows on stdout, with a progress line below it."""

from contextlib import ExitStack
import sys

from flow.waiting import show_waiting_with

__all__ = ["TextDisplay"]


class TextDisplay:
    """Writes text piece by piece; a context manager.

    What stdout gets is the text and nothing else, as UTF-8, unless it is a terminal: then the text ends
    with a newline, and if stderr is one too, lines are broken between words. The progress line appears
    only if stderr is a terminal, and is gone afterwards.

    Parameters
    ----------
    silent : bool
        Stdout belongs to something else: there is no text, only the progress line.
    """

    def __init__(self, *, silent=False):
        self._silent, self._closing = silent, ExitStack()

    def __enter__(self):
        self._own_lines = self._live = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._own_lines = sys.stdout.isatty() and not self._silent
            # Both on one terminal: the text must go through what moves the progress line out of its way.
            console = Console(file=sys.stdout if self._own_lines else sys.stderr, highlight=False,
                              markup=False, emoji=False, soft_wrap=False)
            self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False,
                              redirect_stderr=False)
            self._live.start()
            self._closing.enter_context(show_waiting_with(self.progress))
        self._line = self._progress = ""
        self._ends_line = True
        return self

    def __exit__(self, *exception):
        self._closing.close()
        if self._live:
            self._live.update("", refresh=True)
            self._live.stop()
        if self._own_lines:
            self._live.console.print(self._line)
        elif sys.stdout.isatty() and not self._silent and not self._ends_line:
            print()

    def write(self, piece):
        """Append to the text."""
        if not piece or self._silent:
            return
        self._ends_line = piece.endswith("\n")
        if not self._own_lines:
            sys.stdout.flush()
            sys.stdout.buffer.write(piece.encode())
            sys.stdout.buffer.flush()
            return
        *complete, self._line = self._fold(self._line + piece)
        for line in complete:
            self._live.console.print(line)
        self._refresh()

    def progress(self, line):
        """Replace the progress line."""
        if self._live:
            self._progress = line
            self._refresh()

    def _refresh(self):
        from rich.text import Text

        text = Text(f"{self._line}\n" if self._own_lines else "")
        self._live.update(text.append(self._progress, style="dim"), refresh=True)

    def _fold(self, text):
        """Lines as wide as the terminal, broken after words where there are any; the last one may grow."""
        from rich.cells import cell_len, chop_cells

        *complete, text = text.split("\n")
        for line in (*complete, None):
            rest = text if line is None else line
            while cell_len(rest) > self._live.console.width:
                head = chop_cells(rest, self._live.console.width)[0]
                # A space just beyond the edge is the best place of all.
                space = rest.rfind(" ", 1, len(head) + 1)
                yield rest[:space] if space > 0 else head
                rest = rest[space + 1:] if space > 0 else rest[len(head):]
            yield rest
