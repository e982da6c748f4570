"""Requests to a board, answered for certain."""

from collections import deque
from dataclasses import replace
import random
import time
import zlib

from host.transport.frame_stream import FrameStream
from host.transport.link_error import LinkError
from soc.link.protocol import Frame, FrameError, Opcode, PAYLOAD_BYTES, Register, SEQUENCES, Status, encode

__all__ = ["LinkClient"]

_SMALLEST_PAYLOAD = 64
"""Bytes; a multiple of every bus word."""
_GOOD_ANSWERS = 16
"""Answers without trouble after which payloads become larger again."""
_FIRST_ATTEMPTS = 3
"""Times that CONNECT is sent to who has not answered yet: who is no board is named soon."""
_SHOWN_BYTES = 8
_FRAME_TIMEOUTS = 4
"""Timeouts within which a frame is complete, even if every byte of it comes late."""
_BLOCK_BYTES = 1 << 16
"""Memory whose CRC is asked for at once: a small fraction of a second, of the link and of the DRAM."""


class _Trouble(Exception):
    """No answer, a damaged one, or one that says that a frame did not arrive as it was sent."""


class _Busy(Exception):
    """The accelerator is running."""


class LinkClient:
    """Carries out requests over a transport that may lose and change bytes.

    Up to ``window`` requests are under way at a time. Whenever something is wrong (no answer in time, a
    damaged one, a frame that did not arrive), the client connects again and repeats from the first request
    that has no answer; payloads become shorter on a bad line and longer again on a good one.

    Parameters
    ----------
    transport : host.transport.transport.Transport
    timeout : float
        Seconds without an answer after which something is wrong.
    attempts : int
        Times in a row that something may go wrong with one request.
    contact : float
        Seconds within which a board must have answered for the first time.
    patience : float
        Seconds to wait for an accelerator that is running.
    window : int
    text : function of bytes
        Is called with what the terminal of the board shows, where it has one on the same line.

    Attributes
    ----------
    troubles : int
        How often the client has connected again because something was wrong.
    written : int
        Bytes of payload that boards have confirmed to have written.

    Raises
    ------
    LinkError
        From every method: the board does not answer, or refuses a request.
    """

    def __init__(self, transport, *, timeout=2.0, attempts=20, contact=4.5, patience=600.0, window=8,
                 text=lambda data: None):
        self.troubles = self.written = 0
        self._transport, self._timeout, self._attempts = transport, timeout, attempts
        self._contact, self._patience, self._window = contact, patience, window
        self._stream, self._received = FrameStream(text=text), deque()
        self._sequence = 0  # of the next request
        self._connected = self._met = False  # now; ever
        self._heard, self._beginning, self._frames = 0, b"", 0  # bytes, the first of them, frames; before that
        self._payload, self._good = PAYLOAD_BYTES, 0

    @property
    def name(self):
        """Where the board is."""
        return self._transport.name

    def read_registers(self, *registers):
        """Contents of registers (list of int)."""
        requests = (Frame(opcode=Opcode.READ_REGISTER, sequence=0, address=register)
                    for register in registers)
        return [answer.value for _, answer in self.exchange(requests)]

    def write_registers(self, *writes):
        """Write registers, one after another.

        Parameters
        ----------
        writes : (Register, int)
        """
        for _ in self.exchange(Frame(opcode=Opcode.WRITE_REGISTER, sequence=0, address=register, value=value)
                                for register, value in writes):
            pass

    def read_memory(self, address, size):
        """``size`` bytes of DRAM; both are multiples of the bus word."""
        return b"".join(answer.payload for _, answer in self.exchange(
            Frame(opcode=Opcode.READ_MEMORY, sequence=0, address=start, value=stop - start)
            for start, stop in self._pieces(address, address + size)))

    def write_memory(self, address, data, *, progress=lambda size: None):
        """Write to DRAM; address and size are multiples of the bus word.

        Parameters
        ----------
        progress : function of int
            Called with the number of bytes that the board has confirmed since the last call.
        """
        for request, _ in self.exchange(
                Frame(opcode=Opcode.WRITE_MEMORY, sequence=0, address=start,
                      payload=bytes(data[start - address:stop - address]))
                for start, stop in self._pieces(address, address + len(data))):
            self.written += len(request.payload)
            progress(len(request.payload))

    def load_memory(self, address, data, *, progress=lambda size: None):
        """Make DRAM hold ``data``: what it holds already is not sent, the rest is sent and verified.

        Parameters
        ----------
        address, data, progress
            See :meth:`write_memory`; ``progress`` also counts what is not sent.

        Returns
        -------
        int
            Bytes that were sent.
        """
        blocks = [(start, data[start:start + _BLOCK_BYTES]) for start in range(0, len(data), _BLOCK_BYTES)]
        sent = 0
        for _ in range(self._attempts):
            different = self._different(address, blocks)
            if not sent:
                progress(len(data) - sum(len(block) for _, block in different))
            if not different:
                return sent
            for start, block in different:
                self.write_memory(address + start, block,
                                  progress=progress if not sent else lambda size: None)
            sent += sum(len(block) for _, block in different)
            blocks = different
        raise LinkError(f"{self.name}: memory does not hold what is written to it, "
                        f"at {blocks[0][0] + address:#x}")

    def _different(self, address, blocks):
        """Those of the blocks that DRAM does not hold."""
        requests = (Frame(opcode=Opcode.CRC_MEMORY, sequence=0, address=address + start, value=len(block))
                    for start, block in blocks)
        return [block for block, (_, answer) in zip(blocks, self.exchange(requests))
                if answer.value != zlib.crc32(block[1])]

    def _pieces(self, start, stop):
        """A range in pieces of the size that suits the line at the time."""
        while start < stop:
            end = min(start + self._payload, stop)
            yield start, end
            start = end

    def type_text(self, text):
        """Send text (bytes) to the terminal of the board, where it has one on the same line."""
        self._transport.write(text)

    def listen(self, seconds):
        """Wait until something comes, or for so long: text, as nothing has been asked for.

        Returns
        -------
        bool
            Whether something has come.
        """
        data = self._transport.read(seconds)
        self._stream.push(data)
        if not data:
            self._stream.silence()
        return bool(data)

    def exchange(self, requests):
        """Carry out requests.

        Parameters
        ----------
        requests : iterable of soc.link.protocol.Frame
            Their sequence numbers do not matter. Taken one by one, as there is room for them on the way.

        Yields
        ------
        (soc.link.protocol.Frame, soc.link.protocol.Frame)
            Each request and its answer, in order.
        """
        requests, waiting = iter(requests), deque()
        failures, more, busy_since = 0, True, None
        try:
            while True:
                try:
                    if not self._connected:
                        self._connect()
                        for request in waiting:
                            self._send(request)
                    while more and len(waiting) < self._window:
                        request = next(requests, None)
                        more = request is not None
                        if more:
                            waiting.append(request)
                            self._send(request)
                    if not waiting:
                        return
                    answer = self._answer(waiting[0], (self._sequence - len(waiting)) % SEQUENCES)
                except _Trouble as trouble:
                    failures += 1
                    self._slow_down()
                    if not self._met and failures == _FIRST_ATTEMPTS:
                        raise LinkError(self._stranger()) from None
                    if failures > self._attempts:
                        raise LinkError(f"{self.name}: {trouble}, {failures} times in a row") from None
                    continue
                except _Busy:
                    self._connected = False
                    busy_since = busy_since or time.monotonic()
                    if time.monotonic() - busy_since > self._patience:
                        raise LinkError(f"{self.name}: the accelerator is running for "
                                        f"{self._patience:.0f} s already") from None
                    self._transport.read(0.01)
                    continue
                failures, busy_since = 0, None
                self._speed_up()
                yield waiting.popleft(), answer
        finally:
            if waiting:
                self._connected = False

    def _connect(self):
        """Agree on a sequence number; what was under way before is forgotten."""
        request = Frame(opcode=Opcode.CONNECT, sequence=random.randrange(SEQUENCES),
                        value=random.randrange(1 << 32))
        self._received.clear()
        self._transport.write(encode(request))
        deadline = self._transport.clock() + (
            2 * self._timeout if self._met else self._contact / _FIRST_ATTEMPTS)
        # Answers to an earlier host, or to an earlier attempt, may come first.
        while self._receive(deadline) != request:
            pass
        self._sequence, self._connected = (request.sequence + 1) % SEQUENCES, True
        self._met = True

    def _stranger(self):
        """What to say of a port behind which there seems to be no board."""
        came = "nothing"
        if self._heard:
            came = f"{self._heard:,} bytes that begin with {self._beginning!r}, with {self._frames or 'no'} frames,"
        return f"{self.name}: no board answers: {came} came within {self._contact:g} s; {self._transport.hint()}"

    def _send(self, request):
        self._transport.write(encode(replace(request, sequence=self._sequence)))
        self._sequence = (self._sequence + 1) % SEQUENCES

    def _receive(self, deadline):
        """The next frame, or the error that stands for one."""
        while not self._received:
            left = deadline - self._transport.clock()
            data = self._transport.read(min(self._timeout, left)) if left > 0 else b""
            if not data:
                self._stream.silence()
                raise _Trouble("no answer")
            self._received.extend(self._stream.push(data))
            if not self._met:
                self._heard += len(data)
                self._beginning = (self._beginning + data)[:_SHOWN_BYTES]
                self._frames += sum(isinstance(item, Frame) for item in self._received)
        return self._received.popleft()

    def _answer(self, request, sequence):
        answer = self._receive(self._transport.clock() + _FRAME_TIMEOUTS * self._timeout)
        if isinstance(answer, FrameError):
            raise _Trouble("damaged answers")
        if answer.status in (Status.DAMAGED, Status.OVERSIZED, Status.ORDER):
            raise _Trouble("damaged requests")
        if (answer.opcode, answer.sequence, answer.address) != (request.opcode, sequence, request.address):
            raise _Trouble("answers to something else")
        if answer.status == Status.BUSY:
            raise _Busy
        what = f"{Opcode(request.opcode).name} of {request.address:#x}"
        if answer.status not in list(Status):
            raise LinkError(f"{self.name}: the board answers {what} with status {answer.status}, which is none")
        if answer.status != Status.OK:
            raise LinkError(f"{self.name}: the board refuses {what}: {Status(answer.status).name}")
        size = request.value if request.opcode == Opcode.READ_MEMORY else 0
        if len(answer.payload) != size:
            raise LinkError(f"{self.name}: the board answers {what} with {len(answer.payload)} bytes, not {size}")
        return answer

    def _slow_down(self):
        self._connected = False
        self.troubles += 1
        self._payload, self._good = max(_SMALLEST_PAYLOAD, self._payload // 2), 0

    def _speed_up(self):
        self._good += 1
        if self._good == _GOOD_ANSWERS:
            self._payload, self._good = min(PAYLOAD_BYTES, 2 * self._payload), 0
