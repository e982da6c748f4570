"""Boards behind both kinds of transport."""

import threading

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.transport.serial_transport import SerialTransport
from host.transport.simulated_transport import SimulatedTransport
from sim.board import SimulatedBoard
from sim.dram import Dram
from sim.terminal import BoardTerminal
from soc.dram.memories import MEMORIES

CONFIG = CONFIGS["micro"]


class _Bench:
    """A board, and `connect()` for a new connection to it; `timeout` suits its links."""

    def __init__(self, kind, content):
        self.board = SimulatedBoard(CONFIG, memory=Dram(content, bus_bits=CONFIG.bus_bits))
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
    content = np.zeros(MEMORIES["ulx3s"].bytes, np.uint8)
    content[:1 << 20] = np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8)
    bench = _Bench(request.param, content)
    yield bench
    bench.close()
