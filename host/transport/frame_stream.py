"""Frames in a stream of bytes."""

from soc.link.protocol import CODES, CRC_BYTES, DELIMITER, FrameError, HEADER_BYTES, PAYLOAD_BYTES, decode

__all__ = ["FrameStream", "LONGEST_BYTES"]

LONGEST_BYTES = 2 * (HEADER_BYTES + PAYLOAD_BYTES + CRC_BYTES)
"""Between two delimiters, if every byte of the longest frame is escaped."""

_DELIMITER = bytes([DELIMITER])


class FrameStream:
    """Cuts what arrives into frames and text.

    A board with a terminal sends text between its frames. They are told apart as the board does it
    (`soc.line_splitter`): a delimiter, an opcode and a status, both below `CODES`, begin a frame; all else is text,
    also what is left of a frame whose beginning was damaged.

    Whatever arrives, no more than :data:`LONGEST_BYTES` of it are kept: what is longer than any frame is dropped
    up to the next delimiter.

    Parameters
    ----------
    text : function of bytes
        Is called with text, as it comes; a delimiter within it comes with what follows.
    """

    def __init__(self, *, text=lambda data: None):
        self._text = text
        self._buffer, self._too_long = bytearray(), False
        self._is_frame = False  # what follows the last delimiter; None: cannot be said yet
        self._held = False      # that delimiter is no end of a frame, and text if no frame begins with it

    def push(self, data):
        """What ends within ``data``.

        Returns
        -------
        list of soc.link.protocol.Frame or soc.link.protocol.FrameError
            The error stands for what began as a frame and is none.
        """
        *ending, rest = data.split(_DELIMITER)
        frames = []
        for part in ending:
            self._append(part)
            frames += self._end()
        self._append(rest)
        return frames

    def silence(self):
        """Nothing has come for a while: a frame that has begun will not end, and what may begin one does not."""
        if self._is_frame:
            self._buffer.clear()
            self._too_long = self._is_frame = False
        elif self._is_frame is None and (self._held or self._buffer):
            self._is_text()

    def _append(self, part):
        if self._is_frame is False:
            self._show(part)
        elif len(self._buffer) + len(part) > LONGEST_BYTES and self._is_frame:
            self._buffer.clear()
            self._too_long = True
        elif not self._too_long:
            self._buffer += part
            if self._is_frame is None:
                self._decide()

    def _decide(self):
        begin = self._buffer[:2]
        if any(byte >= CODES for byte in begin):
            self._is_text()
        elif len(begin) == 2:
            self._is_frame = True
            self._append(b"")  # It may be too long already.

    def _is_text(self):
        """What has come since the last delimiter is none of a frame."""
        self._show(_DELIMITER * self._held + self._buffer)
        self._buffer.clear()
        self._is_frame = self._held = False

    def _show(self, data):
        if data:
            self._text(bytes(data))

    def _end(self):
        """What a delimiter has ended, in a list; an empty one if that is no frame."""
        if not self._is_frame:
            self.silence()
            self._is_frame, self._held = None, True
            return []
        data, too_long = bytes(self._buffer), self._too_long
        self._buffer.clear()
        self._too_long = self._held = False
        self._is_frame = None
        if too_long:
            return [FrameError(f"Frame must have at most {LONGEST_BYTES} bytes between its delimiters")]
        try:
            return [decode(data)]
        except FrameError as error:
            return [error]
