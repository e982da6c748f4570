"""Errors that are for the user, not for the developer."""

__all__ = ["CelosiaError", "quoted"]

_SHOWN = 60


class CelosiaError(Exception):
    """Bad input: a message of one line for the user.

    The command line prints it as ``celosia: MESSAGE`` on stderr, without a traceback, and exits with
    status 2. It should name the file, tensor, key or option and the value that is wrong.
    """


def quoted(text):
    """A value for a message: as ``repr`` gives it, but of a long text its beginning and how long it is."""
    if len(text) <= _SHOWN:
        return repr(text)
    return f"{text[:_SHOWN]!r}... ({len(text):,} characters)"
