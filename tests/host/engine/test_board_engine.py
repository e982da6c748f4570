"""The engine behind a link: the bits of the golden model, whatever the board's memory held before."""

import re

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.board_engine import BoardEngine, config_of_board
from host.engine.model_engine import ModelEngine
from host.engine.rows import Rows
from host.gguf.model import load
from host.image.image import build_image
from host.console.load_progress import LoadProgress
from host.transport.link_client import LinkClient
from host.transport.link_error import LinkError
from testing.simulated_transport import SimulatedTransport
from sim.board import SimulatedBoard
from sim.dram import Dram
from testing.faulty_transport import NoisyTransport
from testing.micro_encoder import encoder
from boards.memories import MEMORIES

# The smallest one: what takes long is to compile the board.
CONFIG = CONFIGS["micro"]


@pytest.fixture
def transport():
    """A board with a memory of random bytes."""
    content = np.zeros(MEMORIES["ulx3s"].bytes, np.uint8)
    content[:1 << 20] = np.random.default_rng(5).integers(0, 256, 1 << 20, np.uint8)
    with SimulatedTransport(SimulatedBoard(CONFIG, memory=Dram(content, bus_bits=CONFIG.memory.bus_bits))) as transport:
        yield transport


@pytest.fixture
def image(write_gguf):
    """Function (config=...) -> memory image of the micro model."""
    return lambda config=CONFIG: build_image(compile_model(load(write_gguf()), config))


def test_bits_of_the_golden_model(transport, image):
    client = LinkClient(transport, timeout=0.1)
    steps = []
    model, board = ModelEngine(image()), BoardEngine(image(), client, progress=lambda *step: steps.append(step))
    assert board.sent_bytes == board.content_bytes == steps[-1][0] == steps[-1][1]
    for tokens, rows, logits in (([1, 200, 7, 7, 30], Rows.ALL, True), ([5], Rows.LAST, True),
                                 ([9, 4], Rows.LAST, False), ([3, 3], Rows.NONE, False), ([8], Rows.ALL, False)):
        expected = model.extend(tokens, rows=rows, logits=logits)
        got = board.extend(tokens, rows=rows, logits=logits)
        assert board.choices == model.choices
        assert got is None and expected is None or got.tobytes() == expected.tobytes()
    assert board.position == model.position == 11
    assert 0 < board.bus_beats < board.cycles
    # Another host, another text: nothing is loaded, what the cache holds does not matter.
    again = BoardEngine(image(), LinkClient(transport, timeout=0.1))
    assert again.sent_bytes == 0
    model.reset()
    assert again.extend([1, 40, 41]).tobytes() == model.extend([1, 40, 41]).tobytes()


@pytest.mark.parametrize("name", ["bert", "modern-bert"])
def test_states_of_an_encoder(transport, name):
    """Texts of several lengths; whatever the memory held behind them."""
    image = build_image(compile_model(encoder(name), CONFIG, 16))
    model, board = ModelEngine(image), BoardEngine(image, LinkClient(transport, timeout=0.1))
    for text in ([2, 9, 30, 4, 4, 17, 3], [2, 8, 3], [5]):
        states = board.states(text)
        assert states.shape == (len(text), 32) and states.tobytes() == model.states(text).tobytes()
    assert 0 < board.bus_beats < board.cycles


def test_on_a_bad_line(transport, image):
    """With one wrong bit in ten thousand the logits are the same bits."""
    noisy = NoisyTransport(transport, rate=1e-4, seed=4)
    board = BoardEngine(image(), LinkClient(noisy, timeout=0.1, attempts=100))
    tokens = [1, 200, 7, 9]
    assert board.extend(tokens).tobytes() == ModelEngine(image()).extend(tokens).tobytes()
    assert noisy.errors > 10


def test_another_configuration_is_refused(transport, image):
    client, other = LinkClient(transport, timeout=0.1), CONFIGS["sim-narrow"]
    assert config_of_board(client) == CONFIG
    message = (f"the simulation: configuration of the board must be that of the image, {other.image_key:016x} "
               f"('sim-narrow'), not {CONFIG.image_key:016x} ('micro')")
    with pytest.raises(LinkError, match=f"^{re.escape(message)}$"):
        BoardEngine(image(other), client)


def test_another_depth_of_the_queues_is_accepted(transport, image):
    other = CONFIG.changed(name="deep", dot={"lanes": 32}, memory={"prefetch_beats": 2048, "queue": 64})
    board = BoardEngine(image(other), LinkClient(transport, timeout=0.1))
    assert board.extend([1, 200]).tobytes() == ModelEngine(image()).extend([1, 200]).tobytes()


def test_a_trace_is_refused(transport, image):
    board = BoardEngine(image(), LinkClient(transport, timeout=0.1))
    with pytest.raises(ValueError, match=r"^Trace must be None with a board, not 3$"):
        board.extend([1], trace=3)


def test_progress():
    lines, seconds = [], iter([100.0, 100.0, 102.0, 104.0])
    progress = LoadProgress(lines.append, clock=lambda: next(seconds))
    for done in (2000, 5000, 8000):
        progress(done, 8000)
    assert lines == [
        "loading [#######.......................] 25% of 8,000 bytes",
        "loading [##################............] 62% of 8,000 bytes, 1,500 bytes/s, 2 s left",
        "loading [##############################] 100% of 8,000 bytes, 1,500 bytes/s, 0 s left"]
