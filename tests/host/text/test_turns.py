"""What templates put around turns."""

import pytest

from host.errors import CelosiaError
from host.text.chat_formats import CHAT_FORMATS
from host.text.chat_template import ChatTemplate
from host.text.turns import Turns, find_turns

EACH = ("{% for message in messages %}{% if message.role == 'user' %}BODY{% else %}{{ message.content }}{% endif %}"
        "{% endfor %}")


def template(source, name="test"):
    return ChatTemplate(source, where="file", name=name, tokens={"bos_token": "<s>", "eos_token": "</s>"})


@pytest.mark.parametrize("name", CHAT_FORMATS)
@pytest.mark.parametrize("system", ["", "Be brief."])
def test_known_formats(name, system):
    """A conversation that is put together of the texts is what the template makes of it."""
    form = template(CHAT_FORMATS[name].source, name)
    turns = find_turns(form, system=system)
    messages = [{"role": "system", "content": system}] if system else []
    text = turns.opening
    for number, (user, reply) in enumerate((("Who?", "I."), ("Why?", "So."), ("Oh!", ""))):
        messages.append({"role": "user", "content": user})
        text += (turns.between if number else "") + user + turns.closing
        rendered = form.render(messages)
        space = " " if "] I." in rendered or ": I." in rendered or "] So." in rendered or ": So." in rendered else ""
        if space and number:
            text = text.replace(f"{turns.closing}I.", f"{turns.closing} I.").replace(
                f"{turns.closing}So.", f"{turns.closing} So.")
        assert text == rendered
        messages.append({"role": "assistant", "content": reply})
        text += reply


def test_texts_of_chatml():
    assert find_turns(template(CHAT_FORMATS["chatml"].source), system="S") == Turns(
        opening="<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n", between="<|im_end|>\n<|im_start|>user\n",
        closing="<|im_end|>\n<|im_start|>assistant\n")


def test_trimmed():
    turns = find_turns(template(EACH.replace("BODY", "[{{ message.content | trim }}]")))
    assert turns == Turns(opening="[", between="[", closing="]", trims=True)


def test_variables():
    form = template("{{ 'T' if think }}" + EACH.replace("BODY", "[{{ message.content }}]"))
    assert find_turns(form, variables={"think": True}).opening == "T["


@pytest.mark.parametrize("source, message", [
    ("nothing", "what a user says must be the same for all turns for a board"),
    (EACH.replace("BODY", "[{{ message.content | upper }}]"),
     "what a user says must be the same for all turns for a board"),
    (EACH.replace("BODY", "{{ loop.index }}{{ message.content }}"),
     "what stands around it must be the same for all turns for a board"),
    (EACH.replace("BODY", "[{{ message.content.rstrip() }}]"),
     "white space around what a user says must be the same for all turns for a board"),
    ("{{ raise_exception('no') }}", "no"),
])
def test_refused(source, message):
    with pytest.raises(CelosiaError) as caught:
        find_turns(template(source))
    assert str(caught.value).startswith(("chat template 'test': ", "file: chat template 'test': "))
    assert str(caught.value).endswith(message)
