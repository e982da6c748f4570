"""Conversations: the firmware and the golden model against the host's own."""

import re

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.board_image import BoardImage, BoardText, Defaults
from host.image.image import build_image
from host.paths import demo_model
from host.text import tokenizer
from host.text.chat_template import ChatTemplate
from host.text.conversation import Conversation
from host.text.generation import Generation, StopReason
from host.text.integer_sampler import IntegerSampler
from host.text.turns import PLAIN, find_turns
from soc.cpu.board_file import BoardFile
from testing.micro_model import DIM, VOCAB, micro_tensors
from testing.native_chat import NativeChat

TEMPLATE = ("{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}"
            "lo{{ message.content }}st{% else %}{{ message.content }}{{ eos_token }}{% endif %}{% endfor %}")
SAMPLED = {"temperature": 52428, "seed": 7, "top_k": 40, "top_p": 62259}
LINES = ("a lost code", " </s>\u00e9 cold", "so")


class Setting:
    """A model, compiled, and what is common to board and host."""

    def __init__(self, path, config="sim", template=TEMPLATE, context=None, **options):
        self.model = load(path)
        self.tokenizer = tokenizer.load(self.model)
        self.template = None if template is None else ChatTemplate(
            template, where=path, name="test", tokens={"bos_token": "<s>", "eos_token": "</s>"})
        self.compiled = compile_model(self.model, ALL_CONFIGS[config], context, **options)

    def board(self, *, turns=None, **options):
        """The firmware; `options` are those of `Defaults` and of `NativeChat`."""
        board = {name: options.pop(name) for name in ("key", "memory_bytes") if name in options}
        image = build_image(self.compiled)
        turns = turns or (find_turns(self.template) if self.template else PLAIN)
        packed = BoardImage(image, BoardText(self.tokenizer, turns, path=self.model.path),
                            name="Model of a test", defaults=Defaults(**options))
        return NativeChat(image, packed, **board)

    def conversation(self, *, tokens=None, **sampling):
        """The host's."""
        engine = ModelEngine(build_image(self.compiled))
        return Conversation(engine, self.tokenizer, self.template, IntegerSampler(**sampling), tokens=tokens), engine


@pytest.fixture
def micro(write_gguf):
    """Function (**changes) -> Setting with the micro model, whose text may well end: EOS has large logits."""
    def make(*, metadata=None, eos=6, **options):
        rows = np.random.default_rng(2).standard_normal((VOCAB, DIM)).astype(np.float32) / 4
        rows[2] *= eos
        path = write_gguf({"llama.context_length": 192} | (metadata or {}), {"output.weight": (rows, "F32")})
        return Setting(path, **options)
    return make


def said(conversation, line):
    return "".join(conversation.say(line)) + "\n"


@pytest.mark.parametrize("config, kv_bits", [("sim", 16), ("sim-columns", 8), ("ecp5", 16)])
@pytest.mark.parametrize("sampling", [{}, SAMPLED])
def test_three_turns(micro, config, kv_bits, sampling):
    """Text and tokens are those of the host; some replies end by themselves, others after so many tokens."""
    setting = micro(config=config, kv_bits=kv_bits)
    board, (conversation, engine) = setting.board(tokens=9, **sampling), setting.conversation(tokens=9, **sampling)
    reasons = set()
    for line in LINES:
        assert board.say(line) == said(conversation, line)
        assert board.tokens[:engine.position] == conversation._ids[:engine.position]
        reasons.add(conversation.generation.stop_reason)
    assert StopReason.END in reasons and (kv_bits == 8 or not sampling or StopReason.TOKENS in reasons)


@pytest.mark.parametrize("sampling", [{}, SAMPLED])
def test_demo_model(sampling):
    setting = Setting(demo_model(), config="ecp5", context=160)
    board, (conversation, engine) = setting.board(tokens=10, **sampling), setting.conversation(tokens=10, **sampling)
    for line in ("Once upon a time, there was a dog.", "Why?", "The dog said: \u201cBye\u201d!"):
        assert board.say(line) == said(conversation, line)
        assert board.tokens[:engine.position] == conversation._ids[:engine.position]


def test_groups(micro):
    """A prompt goes through in groups, and logits are asked for once, where they are needed."""
    setting = micro(config="sim-columns", eos=0)
    for sampling, one, last in ({}, "choose", "choice"), (SAMPLED, "decode", "last"):
        board = setting.board(tokens=3, **sampling)
        board.say("a")  # <s>, a space, lo, a, st
        assert board.groups == [(4, "body"), (1, one)] + 2 * [(1, one)]
        board.groups.clear()
        board.say("aa")  # the token before, </s>, a space, lo, a, a, st
        assert board.groups == [(4, "body"), (3, "body"), (3, last)] + 2 * [(1, one)]


def test_plain(micro):
    """Without turns the model goes on, until its text ends: then another one begins."""
    setting = micro(template=None, eos=2)
    board, ended = setting.board(tokens=8, **SAMPLED), 0
    sampler, engine = IntegerSampler(**SAMPLED), ModelEngine(build_image(setting.compiled))
    ids = []
    for line in ("a lost", " cat", "so", "lost", "a", "b"):
        begins = not ids or setting.tokenizer.is_special(ids[-1])
        new = setting.tokenizer.encode(line, bos=not ids, begins=begins)
        generation = Generation(engine, setting.tokenizer, sampler, ids=ids + new, kept=max(0, len(ids) - 1), tokens=8)
        assert board.say(line) == "".join(generation) + "\n"
        ids = generation.prompt_ids + generation.ids
        assert board.tokens[:engine.position] == ids[:-1]
        if generation.stop_reason == StopReason.END:
            ended, ids = ended + 1, []
    assert 0 < ended < 6


def test_end_that_the_template_has_not(micro):
    """It does not stay in the context."""
    template = TEMPLATE.replace("{{ eos_token }}", "cd")
    setting = micro(template=template)
    board, (conversation, engine) = setting.board(tokens=9, **SAMPLED), setting.conversation(tokens=9, **SAMPLED)
    for line in LINES:
        assert board.say(line) == said(conversation, line)
        assert board.tokens[:engine.position] == conversation._ids[:engine.position]


def test_white_space_that_the_template_trims(micro):
    setting = micro(template=TEMPLATE.replace("content }}st", "content | trim }}st"))
    board, (conversation, _engine) = setting.board(tokens=2), setting.conversation(tokens=2)
    for line in ("  a \t", "   "):
        assert board.say(line) == said(conversation, line)
    assert board.tokens[:len(conversation._ids) - 1] == conversation._ids[:-1]


def test_full_context(micro):
    setting = micro(context=16, eos=0)
    board, (conversation, _engine) = setting.board(), setting.conversation()
    reply = said(conversation, "a")
    assert conversation.generation.stop_reason == StopReason.CONTEXT
    assert board.say("a") == reply + "the context is full; /reset begins anew\n"
    full = "the context of 16 positions has no room for this; /reset begins anew\n"
    assert board.say("a") == full
    assert board.run("/reset") == "" and board.say("a" * 40) == full
    assert board.say("a") == reply + "the context is full; /reset begins anew\n"


def test_interrupt(micro):
    """Control-C ends a reply, what is typed meanwhile is not lost, and the conversation goes on."""
    setting = micro(eos=0)
    board, (conversation, engine) = setting.board(), setting.conversation(tokens=1)
    board.typed.extend(b"x\r\3y")
    assert board.say("a") == said(conversation, "a").removesuffix("\n") + "^C\n"
    assert bytes(board._library.console_get() & 0xFF for _ in range(3)) == b"x\ry"
    board.typed.extend(b"\3")
    assert board.say("b") == said(conversation, "b").removesuffix("\n") + "^C\n"
    assert board.tokens == conversation._ids[:engine.position]


def test_commands_change_sampling(micro):
    setting = micro()
    board = setting.board(tokens=9)
    assert board.run("/temp 0.8 40 0.95") == "" and board.run("/seed 7") == ""
    conversation, _engine = setting.conversation(tokens=9, temperature=52428, seed=7, top_k=40, top_p=62259)
    assert board.say("a") == said(conversation, "a")
    assert board.run("/temp 0") == "" and board.run("/reset") == ""
    conversation, _engine = setting.conversation(tokens=9)
    assert board.say("a") == said(conversation, "a")


@pytest.mark.parametrize("line", ["/temp 0.009", "/temp 100.1", "/temp 1 40 1.1"])
def test_what_no_temperature_is(micro, line):
    board = micro().board()
    assert board.run(line) == "the temperature is 0, or 0.01 to 100, and TOP_P 0 to 1\n"


def test_statistics(micro):
    """Counters that begin again with 0 meanwhile are no matter."""
    board = micro(config="sim-columns", eos=0).board(tokens=3)
    board.say("a")
    found = re.fullmatch(
        "model: Model of a test\ncontext: 7 of 192 positions\nprompts: 5 tokens, ([0-9.]+) tokens/s\n"
        "replies: 2 tokens, ([0-9.]+) tokens/s\nbus: 65 % of 4000 cycles\n", board.run("/stats"))
    # A clock of 1 MHz that counts 10 cycles at each look.
    assert 5e5 > float(found[1]) > float(found[2]) > 0
    board.run("/reset")
    assert board.run("/stats").endswith(
        "prompts: 0 tokens, 0.00 tokens/s\nreplies: 0 tokens, 0.00 tokens/s\nbus: 0 % of 0 cycles\n")


@pytest.mark.parametrize("command", ["/stats", "/reset", "/seed 1", "/temp 0"])
def test_commands_see_what_a_host_did(micro, command):
    """They look into the DRAM, which must be the firmware's; so they say what has happened, not the next line."""
    board = micro().board(tokens=2)
    first = board.say("a")
    board.host = True
    assert board.run(command).startswith("a host has used the accelerator; the conversation begins anew\n")
    board.host = False
    assert board.say("a") == first


def test_accelerator_that_does_not_end(micro):
    board = micro().board(tokens=2)
    board.stuck = True
    assert board.say("a") == "the accelerator does not end its program; the conversation begins anew\n"


def test_logits_that_no_token_follows_from(micro):
    """Of a model with numbers that are too large."""
    setting = micro()
    board = setting.board(**SAMPLED)
    place = setting.compiled.placement.map.address("output_norm.weight")
    board.dram[place:place + 4 * DIM].view("<f4")[:] = 3e38
    assert board.say("a") == "\nno token follows: logits are not finite; the conversation begins anew\n"


def test_no_tokens_for_a_text(write_gguf):
    tokens = {f"tokenizer.ggml.{key}": value for key, value in {
        "tokens": [f"w{id}" for id in range(259)] + [*"\u2581abcdelost", "\u2581a", "lo", "st"],
        "token_type": [1] * 272}.items()}
    setting = Setting(write_gguf(tokens), template=None)
    board = setting.board(tokens=2)
    assert board.say("axe") == "the vocabulary has no tokens for some of this\n" and not board.groups
    assert board.say("ae") and board.tokens


def header_of(board):
    return BoardFile.from_buffer(board.dram, int.from_bytes(board.dram[32:36].tobytes(), "little"))


def test_another_configuration(micro):
    board = micro().board(key=0x0123456789ABCDEF)
    key = ALL_CONFIGS["sim"].image_key
    assert board.say("a") == (f"the model was packed for another configuration, {key:016x}, than this board has, "
                              "0123456789abcdef; celosia pack --board packs it for this one\n")
    assert not board.groups


def test_too_little_memory(micro):
    board = micro().board(memory_bytes=1 << 17)
    needed = header_of(board).memory_bytes
    assert board.say("a") == f"the model needs {needed} bytes of DRAM, and this board has 131072\n"


def test_damaged_header(micro):
    board = micro().board()
    header_of(board).context ^= 1
    assert board.say("a") == "the header of the model is damaged: its CRC is wrong\n"


def test_another_version(micro):
    board = micro().board()
    header_of(board).version += 1
    assert board.say("a") == ("the model is not as this firmware knows it: pack it with the celosia that made the "
                              "firmware\n")


@pytest.mark.parametrize("change", [{0: 0}, {32: 2}, {34: 255}, {35: 255}], ids=str)
def test_no_model(micro, change):
    """Other bytes, or a place for the header that is none."""
    board = micro().board()
    for place, value in change.items():
        board.dram[place] = value
    assert board.say("a") == board.run("/stats") == "there is no model to talk to; commands begin with a slash\n"
