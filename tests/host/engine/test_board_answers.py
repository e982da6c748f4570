"""The engine of a board against a board that is told what to answer: counters that wrap, and answers that cannot
be."""

import re

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.engine.board_engine import BoardEngine
from host.gguf.model import load
from host.image.image import build_image
from host.transport.link_error import LinkError
from soc.link.protocol import Register

CONFIG = CONFIGS["micro"]
WRAP = 1 << 32
VOCAB = 272  # of the micro model


class _Client:
    """A board whose program takes no time; asserts that it is asked for what the engine is about.

    ``counters`` are those that it starts with; ``rates`` are added to them by a program, modulo 2^32.
    """

    name = "fake"

    def __init__(self, image, *, counters=(0, 0, 0), rates=(1000, 300, 20), choice=5):
        self._image, self._rates, self._choice = image, rates, choice
        self._counters = dict(zip((Register.COUNTER, Register.COUNTER + 2, Register.COUNTER + 3), counters))
        self.started, self._written = [], {}

    def read_registers(self, *registers):
        fixed = {Register.VERSION: 2, Register.CONFIG_LOW: CONFIG.image_key & WRAP - 1, Register.BUSY: 0,
                 Register.CONFIG_HIGH: CONFIG.image_key >> 32, Register.MEMORY_BYTES: 1 << 25,
                 Register.ARGMAX: self._choice}
        return [(fixed | self._counters)[register] for register in registers]

    def write_registers(self, *writes):
        for register, value in writes:
            self._written[register] = value
            if register == Register.START:
                self.started.append({name: self._written[name] for name in (
                    Register.POSITION, Register.TOKEN, Register.PROGRAM)})
                for counter, rate in zip(self._counters, self._rates):
                    self._counters[counter] = (self._counters[counter] + rate) % WRAP

    def load_memory(self, address, data, *, progress):
        assert address == 0 and bytes(data[:4]) == bytes(self._image.memory[:4])
        progress(len(data))
        return len(data)

    def read_memory(self, address, size):
        assert (address, size) == (self._image.header.results, 4 * VOCAB)
        return np.arange(VOCAB, dtype="<f4").tobytes()


@pytest.fixture
def image(write_gguf):
    """Memory image of the micro model."""
    return build_image(compile_model(load(write_gguf()), CONFIG))


def test_tokens_and_their_counts(image):
    client = _Client(image, counters=(7, 8, 9))
    board = BoardEngine(image, client)
    assert board.step(1).tolist() == list(range(VOCAB)) and board.choices == [5]
    # Nobody wants these logits: another program runs, and nothing of DRAM is read.
    assert board.step(40, logits=False) is None and board.choices == [5]
    programs = [image.compiled.program_address(1, part) // 8 for part in (Part.DECODE, Part.CHOOSE)]
    assert programs[0] != programs[1]
    assert client.started == [{Register.POSITION: position, Register.TOKEN: token, Register.PROGRAM: programs[position]}
                              for position, token in enumerate([1, 40])]
    assert (board.cycles, board.bus_beats) == (2000, 640)


def test_counters_that_wrap(image):
    """Registers have 32 bits: at 75 MHz they begin again with 0 every 57 s."""
    client = _Client(image, counters=(WRAP - 1, WRAP - 301, WRAP - 5), rates=(3_000_000_000, 300, 20))
    board = BoardEngine(image, client)
    board.step(1)
    assert (board.cycles, board.bus_beats) == (3_000_000_000, 320)
    # The counter of cycles does again, that of reads for the first time.
    board.step(2)
    assert (board.cycles, board.bus_beats) == (6_000_000_000, 640)
    board.step(3, logits=False)
    assert (board.cycles, board.bus_beats) == (9_000_000_000, 960)


@pytest.mark.parametrize("options, message", [
    ({"choice": VOCAB}, "the board's most likely token must be below the vocabulary's 272, not 272"),
    ({"choice": WRAP - 1}, "the board's most likely token must be below the vocabulary's 272, not 4294967295"),
    ({"rates": (0, 0, 0), "counters": (12, 3, 4)},
     "the board's counter of cycles stands still at 12 while a program runs"),
])
def test_answers_that_cannot_be(image, options, message):
    board = BoardEngine(image, _Client(image, **options))
    with pytest.raises(LinkError, match=f"^fake: {re.escape(message)}$"):
        board.step(1)


def test_the_last_token_of_the_vocabulary_can_be(image):
    board = BoardEngine(image, _Client(image, choice=VOCAB - 1))
    board.step(1, logits=False)
    assert board.choices == [271]
