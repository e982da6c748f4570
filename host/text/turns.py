"""What a chat template puts around turns, as texts."""

from dataclasses import dataclass

from host.errors import CelosiaError, quoted

__all__ = ["PLAIN", "Turns", "find_turns"]

_USER, _REPLY = ("\ue000user{}\ue001".format, "\ue000reply{}\ue001".format)
"""Contents that no template has or looks for."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """A conversation without Jinja: opening, turn, closing, reply, between, turn, closing, reply, between ...

    Attributes
    ----------
    opening, between, closing : str
    restarts : bool
        A reply that the model ended ends the conversation.
    trims : bool
        White space around a turn is left out.
    """

    opening: str = ""
    between: str = ""
    closing: str = ""
    restarts: bool = False
    trims: bool = False


PLAIN = Turns(restarts=True)
"""Of a model without turns: it goes on with what is typed."""


def find_turns(template, *, system="", variables=None):
    """The texts around turns, from conversations that the template is given.

    Parameters
    ----------
    template : host.text.chat_template.ChatTemplate
    system : str
        What the model is told before the first turn.
    variables : dict, optional
        What else the template is to see.

    Returns
    -------
    Turns

    Raises
    ------
    CelosiaError
        If the template refuses a conversation, or puts something else around each turn.
    """
    def rendered(*contents):
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": ("user", "assistant")[index % 2], "content": content}
                     for index, content in enumerate(contents)]
        return template.render(messages, **variables or {})

    def refuse(what):
        raise CelosiaError(f"chat template {quoted(template.name)}: {what} must be the same for all turns for a board")

    users, replies = [_USER(turn) for turn in range(3)], [_REPLY(turn) for turn in range(2)]
    opening, found, closing = rendered(users[0]).partition(users[0])
    _opening, _found, rest = rendered(users[0], replies[0], users[1]).partition(replies[0])
    between, again, _closing = rest.partition(users[1])
    if not found or not again:
        refuse("what a user says")
    # Templates that put a space before a reply want the one that SentencePiece's tokens have there.
    for space in ("", " "):
        if rendered(users[0], replies[0], users[1], replies[1], users[2]) == (
                opening + users[0] + closing + space + replies[0] + between
                + users[1] + closing + space + replies[1] + between + users[2] + closing):
            break
    else:
        refuse("what stands around it")
    spaced = f" {users[0]} "
    trims = {spaced: False, users[0]: True}.get(_inner(rendered(spaced), opening, closing))
    if trims is None:
        refuse("white space around what a user says")
    return Turns(opening=opening, between=between, closing=closing, trims=trims)


def _inner(text, before, after):
    """What of a text is between two others."""
    return text[len(before):len(text) - len(after)] if text.startswith(before) and text.endswith(after) else None
