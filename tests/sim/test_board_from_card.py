"""A board that starts by itself: the firmware on the simulated processor loads a model from a card, and talks."""

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS
from flow.firmware import build_firmware
from flow.toolchain import Toolchain
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.board_image import BoardImage, BoardText, Defaults
from host.image.image import build_image
from host.text import tokenizer
from host.text.conversation import Conversation
from host.text.integer_sampler import IntegerSampler
from host.text.chat_template import ChatTemplate
from host.text.turns import find_turns
from sim.board import SimulatedBoard
from sim.dram import Dram
from sim.sd_card import SdCard

TEMPLATE = ("{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}"
            "lo{{ message.content }}st{% else %}{{ message.content }}{{ eos_token }}{% endif %}{% endfor %}")
CLOCK_HZ, TOKENS = 75e6, 6


class Board:
    """The simulated board at its terminal."""

    def __init__(self, content):
        self.card = SdCard(content, clock_hz=CLOCK_HZ, access_clocks=20)
        config = ALL_CONFIGS["micro"]
        self.board = SimulatedBoard(
            config, memory=Dram(1 << 20, bus_bits=config.memory.bus_bits, latency=24), card=self.card,
            program=build_firmware(toolchain=Toolchain()).content)

    def answer(self, line=None):
        """What is shown until the next prompt (str)."""
        typed, shown = b"" if line is None else line.encode() + b"\r", b""
        end = self.board.cycle + 100_000_000
        while not shown.endswith(b"\n> "):
            assert self.board.cycle < end, shown
            taken, sent = self.board.exchange(typed, cycles=1 << 16, quiet=1 << 14)
            typed, shown = typed[taken:], shown + sent
        return shown.decode().replace("\r\n", "\n").removesuffix("> ")


@pytest.fixture(scope="module")
def boards():
    """Function (content) -> Board; closed after the tests."""
    made = []

    def make(content):
        made.append(Board(content))
        return made[-1]

    yield make
    for board in made:
        board.board.close()


def test_boot_and_chat(boards, write_gguf):
    """Greedy and drawn at random: the text is that of the host's own conversation, turn by turn."""
    model = load(write_gguf({"llama.context_length": 192}))
    compiled, tokens = compile_model(model, ALL_CONFIGS["micro"]), tokenizer.load(model)
    template = ChatTemplate(TEMPLATE, where=model.path, name="test", tokens={"bos_token": "<s>", "eos_token": "</s>"})
    packed = BoardImage(build_image(compiled), BoardText(tokens, find_turns(template), path=model.path),
                        name="A model", defaults=Defaults(tokens=TOKENS))
    board = boards(np.concatenate([piece for _what, piece in packed.parts]))
    shown = board.answer()
    assert shown.startswith("\nCelosia. /help prints the commands.\n\rloading: ")
    assert shown.endswith(" MB\nA model, loaded in 0 s\n")
    for options, commands in ({}, ()), ({"temperature": 52429, "seed": 7, "top_k": 40}, ("/reset", "/temp 0.8 40",
                                                                                       "/seed 7")):
        for command in commands:
            assert board.answer(command) == f"{command}\n"
        conversation = Conversation(ModelEngine(build_image(compiled)), tokens, template, IntegerSampler(**options),
                                    tokens=TOKENS)
        for line in "a lost code", "so", "cold":
            assert board.answer(line) == f"{line}\n" + "".join(conversation.say(line)) + "\n"
    # A card that is pulled: words, and a board that goes on when it is back.
    board.card.present = False
    assert board.answer("/load") == "/load\nno card answers\n"
    board.card.present = True
    assert board.answer("/load").endswith(" MB\nA model, loaded in 0 s\n")
    assert "A model\n" in board.answer("/stats")
