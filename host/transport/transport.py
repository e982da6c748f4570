"""What carries bytes to a board and back."""

import time

__all__ = ["Transport"]


class Transport:
    """A stream of bytes in each direction; bytes may be lost or changed on the way.

    A subclass defines :meth:`write`, :meth:`read` and :meth:`close`. A context manager: closes at the end.

    Attributes
    ----------
    name : str
        Where the board is, for messages.
    """

    name = ""

    def clock(self):
        """Seconds of the time in which :meth:`read` waits, from any beginning."""
        return time.monotonic()

    def hint(self):
        """What to look at if no board answers, for a message."""
        return "is its bitstream loaded?"

    def write(self, data):
        """Send bytes.

        Raises
        ------
        LinkError
            If that is not possible any more.
        """
        raise NotImplementedError(f"{type(self).__name__} must define write()")

    def read(self, timeout):
        """Bytes that have come: at least one, or none after ``timeout`` seconds.

        Raises
        ------
        LinkError
            If none can come any more.
        """
        raise NotImplementedError(f"{type(self).__name__} must define read()")

    def close(self):
        """Give the connection back."""
        raise NotImplementedError(f"{type(self).__name__} must define close()")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
