"""A conversation keeps what the context holds, and says the same as if it did not."""

import pytest

from host.engine.engines import open_engine
from host.errors import CelosiaError
from host.gguf.metadata import Metadata
from host.gguf.model import load
from host.text import tokenizer
from host.text.chat_template import find_template
from host.text.conversation import Conversation
from host.text.generation import Generation, StopReason
from host.text.sampler import Sampler
from testing.micro_model import METADATA

TOKENS, TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
START, END = 251, 252
FORM = "{% for m in messages %}<go>{{ m.content }}<end>{% endfor %}<go>"
FORGETFUL = "{% for m in messages %}<go>{{ m.content if loop.last else m.content | length }}<end>{% endfor %}<go>"


@pytest.fixture
def opened(write_gguf):
    """Function (template, **settings) -> (conversation, tokenizer); the micro model with two control tokens."""
    def make(template=FORM, *, context=120, bos=True, sampler=None, **settings):
        words, kinds = list(METADATA[TOKENS]), list(METADATA[TYPES])
        words[START], kinds[START], words[END], kinds[END] = "<go>", 3, "<end>", 3
        model = load(write_gguf({TOKENS: words, TYPES: kinds, "tokenizer.chat_template": template,
                                 "tokenizer.ggml.eot_token_id": END, "llama.context_length": 128,
                                 "tokenizer.ggml.add_bos_token": bos}))
        engine = open_engine("float", model, config=None, context=context)
        tokens = tokenizer.load(model)
        found = find_template(Metadata(model.path, model.metadata))
        conversation = Conversation(engine, tokens, found, sampler or Sampler(), **{"tokens": 6} | settings)
        conversation.alone = lambda ids: Generation(
            open_engine("float", model, config=None, context=context), tokens, Sampler(), ids=ids, tokens=6)
        return conversation, tokens
    return make


def fed(conversation):
    return sum(step.fed for step in conversation.generation.steps if step.prefill)


def test_only_what_is_new_is_computed(opened):
    conversation, tokens = opened()
    first = "".join(conversation.say("a lost code"))
    ids = conversation.generation.prompt_ids
    assert ids == [1, START, *tokens.encode("a lost code", bos=False), END, START]
    assert conversation.kept == 0 and fed(conversation) == len(ids)
    held = ids + conversation.generation.ids
    second = "".join(conversation.say("told"))
    new = [END, START, *tokens.encode("told", bos=False), END, START]
    assert conversation.generation.prompt_ids == held + new
    # The last token of the reply was chosen and never fed.
    assert conversation.kept == len(held) - 1 and fed(conversation) == len(new) + 1
    assert conversation.messages == [
        {"role": "user", "content": "a lost code"}, {"role": "assistant", "content": first},
        {"role": "user", "content": "told"}, {"role": "assistant", "content": second}]
    alone = conversation.alone(conversation.generation.prompt_ids)
    assert "".join(alone) == second and alone.ids == conversation.generation.ids


def test_template_that_changes_what_was_said(opened):
    """What is the same before the change stays."""
    conversation, tokens = opened(FORGETFUL)
    "".join(conversation.say("a lost code"))
    before = conversation.generation.prompt_ids
    "".join(conversation.say("told"))
    now = conversation.generation.prompt_ids
    assert now[:2] == before[:2] == [1, START] and now[2] != before[2]
    assert conversation.kept == 2 and fed(conversation) == len(now) - 2
    assert conversation.alone(now) and "".join(conversation.alone(now)) == conversation.generation.text


def test_same_again_after_reset(opened):
    conversation, _ = opened(system="be")
    first = "".join(conversation.say("a lost code"))
    "".join(conversation.say("told"))
    conversation.reset()
    assert conversation.messages == [{"role": "system", "content": "be"}]
    assert "".join(conversation.say("a lost code")) == first
    assert conversation.kept == 0


def test_reply_that_is_cut_short(opened):
    """The pieces that came are what was said, and the conversation goes on from there."""
    conversation, tokens = opened()
    pieces = conversation.say("a lost code")
    said = "".join(piece for piece, _ in zip(pieces, range(4)))
    pieces.close()
    assert conversation.messages[-1] == {"role": "assistant", "content": conversation.generation.text}
    assert said in conversation.generation.text
    held = conversation.generation.prompt_ids + conversation.generation.ids
    second = "".join(conversation.say("told"))
    assert conversation.generation.prompt_ids[:len(held)] == held
    assert "".join(conversation.alone(conversation.generation.prompt_ids)) == second


def test_context_is_full(opened):
    """A turn that has no room changes nothing; a reply ends where the context does."""
    conversation, _ = opened(context=24, tokens=None)
    "".join(conversation.say("a"))
    assert conversation.generation.stop_reason in (StopReason.CONTEXT, StopReason.END)
    messages = list(conversation.messages)
    with pytest.raises(CelosiaError) as caught:
        "".join(conversation.say("a lost code, told to a cat, of all that cats do"))
    assert str(caught.value).startswith("context of 24 positions is full: with this turn the conversation has ")
    assert str(caught.value).endswith(" tokens; it is kept as it was before")
    assert conversation.messages == messages


def test_stop_texts_of_a_form_end_a_reply(opened):
    conversation, tokens = opened()
    usual = "".join(conversation.say("a lost code"))
    again, _ = opened(stops=[usual[1:3]])
    assert "".join(again.say("a lost code")) == usual[:usual.index(usual[1:3])]
    assert again.generation.stop_reason == StopReason.STOP


@pytest.mark.parametrize("template, begin", [(FORM, [1, START]), ("{{ bos_token }}" + FORM, [1, START])])
def test_one_bos(opened, template, begin):
    conversation, _ = opened(template)
    "".join(conversation.say("a"))
    assert conversation.generation.prompt_ids[:2] == begin


def test_no_bos_where_none_is_expected(opened):
    conversation, _ = opened(bos=False)
    "".join(conversation.say("a"))
    assert conversation.generation.prompt_ids[0] == START


class Script:
    """A sampler that says what it was told."""

    greedy = False

    def __init__(self, *ids):
        self._ids = iter(ids)

    def choose(self, _logits, _ids):
        return next(self._ids)


@pytest.mark.parametrize("space", ["", " "])
def test_space_in_front_of_a_reply(opened, space):
    """It is not shown; and whether the template has it or not, the reply's tokens stay."""
    space_a, told = 269, 267
    conversation, _ = opened(
        "{% for m in messages %}<go>{% if m.role == 'assistant' %}" + space + "{% endif %}{{ m.content }}<end>"
        "{% endfor %}<go>",
        sampler=Script(space_a, END, told, END))
    assert "".join(conversation.say("x")) == "a"
    assert conversation.messages[1] == {"role": "assistant", "content": "a"}
    held = conversation.generation.prompt_ids + [space_a, END]
    assert "".join(conversation.say("y")) == "s"
    assert conversation.generation.prompt_ids[:len(held)] == held
    assert conversation.kept == len(held) - 1
