"""Frames in a stream of bytes."""

from soc.link.protocol import DELIMITER, FrameError, decode

__all__ = ["FrameStream"]


class FrameStream:
    """Cuts what arrives into frames."""

    def __init__(self):
        self._buffer = b""

    def push(self, data):
        """What ends within ``data``.

        Returns
        -------
        list of soc.link.protocol.Frame or soc.link.protocol.FrameError
            The error stands for what was no frame.
        """
        *parts, self._buffer = (self._buffer + data).split(bytes([DELIMITER]))
        frames = []
        for part in filter(None, parts):
            try:
                frames.append(decode(part))
            except FrameError as error:
                frames.append(error)
        return frames
