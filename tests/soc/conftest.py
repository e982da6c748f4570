"""A simulated bridge, and requests to it without a client in between."""

import numpy as np
import pytest

from host.transport.frame_stream import FrameStream
from testing.bridge import SimulatedBridge
from soc.link.protocol import Frame, encode


@pytest.fixture
def make_bridge():
    """Function (**options) -> SimulatedBridge with a memory of random bytes, the same in every test; closed after
    the test."""
    bridges = []

    def make(**options):
        content = np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8)
        bridges.append(SimulatedBridge(content, bus_bits=64, identity=0x1122334455667788, **options))
        return bridges[-1]

    yield make
    for bridge in bridges:
        bridge.close()


class Wire:
    """Frames to a bridge and what it answers."""

    def __init__(self, bridge):
        self.bridge, self.expected = bridge, 0
        self._stream = FrameStream()

    def send(self, data):
        """Send bytes as they are; returns the frames (or errors) that come."""
        frames = []
        while True:
            taken, received = self.bridge.exchange(data, cycles=10_000_000, quiet=64)
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
def make_wire(make_bridge):
    """Function (**options) -> Wire to a new bridge."""
    return lambda **options: Wire(make_bridge(**options))
