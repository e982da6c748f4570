"""A simulated board on the smallest configuration, and requests to it without a client in between."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.transport.frame_stream import FrameStream
from sim.board import SimulatedBoard
from sim.dram import Dram
from soc.dram.memories import MEMORIES
from soc.link.protocol import Frame, encode

CONFIG = CONFIGS["micro"]
#: That of `celosia simulate ulx3s`: one compiled design for all.
MEMORY_BYTES = MEMORIES["ulx3s"].bytes


@pytest.fixture
def make_board():
    """Function (**options) -> SimulatedBoard with a memory of random bytes, the same in every test; closed
    after the test.

    ``dram`` are options of `sim.dram.Dram`.
    """
    boards = []

    def make(*, dram=None, **options):
        content = np.zeros(MEMORY_BYTES, np.uint8)
        content[:1 << 20] = np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8)
        memory = Dram(content, bus_bits=CONFIG.bus_bits, **(dram or {}))
        boards.append(SimulatedBoard(CONFIG, memory=memory, **options))
        return boards[-1]

    yield make
    for board in boards:
        board.close()


class Wire:
    """Frames to a board and what it answers."""

    def __init__(self, board):
        self.board, self.expected = board, 0
        self._stream = FrameStream()

    def send(self, data):
        """Send bytes as they are; returns the frames (or errors) that come."""
        frames = []
        while True:
            taken, received = self.board.exchange(data, cycles=10_000_000, quiet=64)
            frames += self._stream.push(received)
            data = data[taken:]
            if not data:
                return frames

    def ask(self, opcode, *, sequence=None, **fields):
        """Send a request, with the expected sequence number by default; returns the only answer."""
        sequence = self.expected if sequence is None else sequence
        answer, = self.send(encode(Frame(opcode=opcode, sequence=sequence, **fields)))
        if answer.status == 0:
            self.expected = (sequence + 1) % (1 << 16)
        return answer


@pytest.fixture
def make_wire(make_board):
    """Function (**options) -> Wire to a new board."""
    return lambda **options: Wire(make_board(**options))
