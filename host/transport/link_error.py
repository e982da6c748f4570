"""What goes wrong between host and board."""

from host.errors import CelosiaError

__all__ = ["LinkError"]


class LinkError(CelosiaError):
    """The board cannot be reached, does not answer, or refuses a request."""
