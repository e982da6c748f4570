"""Errors that are for the user, not for the developer."""

__all__ = ["CelosiaError"]


class CelosiaError(Exception):
    """Bad input: a message of one line for the user.

    The command line prints it as ``celosia: MESSAGE`` on stderr, without a traceback, and exits with
    status 2. It should name the file, tensor, key or option and the value that is wrong.
    """
