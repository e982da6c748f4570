"""A bridge with its memory behind all kinds of transport."""

import threading

import numpy as np
import pytest

from host.transport.register_transport import RegisterTransport
from host.transport.serial_transport import SerialTransport
from testing.simulated_transport import SimulatedTransport
from testing.bridge import SimulatedBridge
from sim.terminal import BoardTerminal
from soc.link.byte_registers import VALID_BIT


class _Registers:
    """What a processor sees of `soc.link.axi_port.AxiLinkPort`; the board runs while it looks at the levels."""

    DEPTH = 2048

    def __init__(self, board):
        self._board, self._written, self._waiting = board, b"", b""

    def __setitem__(self, word, value):
        assert word == 0 and value in range(256) and len(self._written) < self.DEPTH
        self._written += bytes([value])

    def __getitem__(self, word):
        if word == 0:
            byte, self._waiting = self._waiting[:1], self._waiting[1:]
            return 1 << VALID_BIT | byte[0] if byte else 0
        taken, received = self._board.exchange(self._written, cycles=20_000, quiet=64)
        self._written, self._waiting = self._written[taken:], self._waiting + received
        return len(self._waiting) << 16 | self.DEPTH - len(self._written)


class _Bench:
    """A board, and `connect()` for a new connection to it; `timeout` suits its links."""

    def __init__(self, kind, content):
        # The parameters of tests/soc: one compiled design.
        self.board = SimulatedBridge(content, bus_bits=64, identity=0x1122334455667788)
        self.content, self.timeout = content, 0.1 if kind == "simulated" else 0.3
        self._registers = _Registers(self.board) if kind == "registers" else None
        self._terminal = BoardTerminal(self.board) if kind == "serial" else None
        self._stop = threading.Event()
        if self._terminal:
            self._thread = threading.Thread(target=self._serve)
            self._thread.start()

    def _serve(self):
        while not self._stop.is_set():
            self._terminal.serve(seconds=0.02)

    def connect(self):
        if self._registers:
            return RegisterTransport(self._registers)
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


@pytest.fixture(params=["simulated", "serial", "registers"])
def bench(request):
    """A board with a memory of random bytes: in this process, behind a pseudo-terminal, behind registers."""
    bench = _Bench(request.param, np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8))
    yield bench
    bench.close()
