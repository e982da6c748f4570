"""A bridge with its memory behind both kinds of transport."""

import threading

import numpy as np
import pytest

from host.transport.serial_transport import SerialTransport
from host.transport.simulated_transport import SimulatedTransport
from sim.bridge import SimulatedBridge
from sim.terminal import BoardTerminal


class _Bench:
    """A board, and `connect()` for a new connection to it; `timeout` suits its links."""

    def __init__(self, kind, content):
        # The parameters of tests/soc: one compiled design.
        self.board = SimulatedBridge(content, bus_bits=64, identity=0x1122334455667788)
        self.content, self.timeout = content, 0.1 if kind == "simulated" else 0.3
        self._terminal = BoardTerminal(self.board) if kind == "serial" else None
        self._stop = threading.Event()
        if self._terminal:
            self._thread = threading.Thread(target=self._serve)
            self._thread.start()

    def _serve(self):
        while not self._stop.is_set():
            self._terminal.serve(seconds=0.02)

    def connect(self):
        return SerialTransport(self._terminal.path) if self._terminal else SimulatedTransport(self.board)

    def disconnect(self, transport):
        """What becomes of a connection when its process ends; the board stays."""
        if self._terminal:
            transport.close()

    def close(self):
        self._stop.set()
        if self._terminal:
            self._thread.join()
            self._terminal.close()
        else:
            self.board.close()


@pytest.fixture(params=["simulated", "serial"])
def bench(request):
    """A board with a memory of random bytes: in this process, and behind a pseudo-terminal."""
    bench = _Bench(request.param, np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8))
    yield bench
    bench.close()
