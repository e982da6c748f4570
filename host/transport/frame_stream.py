"""Frames in a stream of bytes."""

from soc.link.protocol import CRC_BYTES, DELIMITER, FrameError, HEADER_BYTES, PAYLOAD_BYTES, decode

__all__ = ["FrameStream", "LONGEST_BYTES"]

LONGEST_BYTES = 2 * (HEADER_BYTES + PAYLOAD_BYTES + CRC_BYTES)
"""Between two delimiters, if every byte of the longest frame is escaped."""


class FrameStream:
    """Cuts what arrives into frames.

    Whatever arrives, no more than :data:`LONGEST_BYTES` of it are kept: what is longer than any frame is dropped
    up to the next delimiter.
    """

    def __init__(self):
        self._buffer, self._too_long = bytearray(), False

    def push(self, data):
        """What ends within ``data``.

        Returns
        -------
        list of soc.link.protocol.Frame or soc.link.protocol.FrameError
            The error stands for what was no frame.
        """
        *ending, rest = data.split(bytes([DELIMITER]))
        frames = []
        for part in ending:
            self._append(part)
            frames += self._end()
        self._append(rest)
        return frames

    def _append(self, part):
        if len(self._buffer) + len(part) > LONGEST_BYTES:
            self._buffer.clear()
            self._too_long = True
        elif not self._too_long:
            self._buffer += part

    def _end(self):
        """What the delimiter has ended, in a list; an empty one if that is nothing."""
        data, too_long = bytes(self._buffer), self._too_long
        self._buffer.clear()
        self._too_long = False
        if too_long:
            return [FrameError(f"Frame must have at most {LONGEST_BYTES} bytes between its delimiters")]
        if not data:
            return []
        try:
            return [decode(data)]
        except FrameError as error:
            return [error]
