"""A conversation with a model."""

from host.errors import CelosiaError
from host.text.generation import Generation

__all__ = ["Conversation"]


class Conversation:
    """Takes turns with an engine, whose context keeps what was said.

    For every turn the template makes a text of all messages, and what of it is not in the context yet goes through the
    engine. Where the text goes on as it was, the tokens that the model itself chose stay as they are; where the
    template changes something earlier, as some do with thoughts, the tokens from there on are computed again.

    Parameters
    ----------
    engine : host.engine.engine.Engine
        With an empty context.
    tokenizer : host.text.tokenizer.Tokenizer
    template : host.text.chat_template.ChatTemplate
    sampler : host.text.sampler.Sampler
    system : str
        What the model is told before the first turn.
    tokens, stops, speculate
        Of each reply; see `host.text.generation.Generation`. Stops of the template count as well.
    variables : dict, optional
        What else the template is to see.

    Attributes
    ----------
    messages : list of dict
        What was said: ``role`` (``system``, ``user`` or ``assistant``) and ``content``.
    generation : host.text.generation.Generation or None
        Of the latest reply.
    context : int
        Most tokens of the whole conversation.
    kept : int
        Tokens that the latest reply found in the context.
    """

    def __init__(self, engine, tokenizer, template, sampler, *, system="", tokens=None, stops=(), speculate=0,
                 variables=None):
        self.context = engine.context
        self._engine, self._tokenizer, self._template, self._sampler = engine, tokenizer, template, sampler
        self._system, self._variables = system, variables or {}
        self._settings = {"tokens": tokens, "stops": (*stops, *template.stops), "speculate": speculate}
        self.reset()

    def reset(self):
        """Forget what was said, but not the system prompt."""
        self.messages = [{"role": "system", "content": self._system}] if self._system else []
        self.generation, self.kept = None, 0
        # Tokens of which the first `engine.position` are in the context, and the text that they stand for.
        self._ids, self._text = [], None
        # The messages with the space in front of a reply that is not shown: templates want it or have it.
        self._spaced = list(self.messages)

    def say(self, content):
        """Say something; iterate over the reply for pieces of its text.

        Whoever stops iterating cuts the reply short there. Either way the turn is then among the messages.

        Parameters
        ----------
        content : str

        Yields
        ------
        str

        Raises
        ------
        CelosiaError
            If the template refuses the conversation, or the context has no room for the turn; the conversation is then
            as it was.
        """
        turn = {"role": "user", "content": content}
        text = self._rendered(turn)
        ids = self._encode(text)
        if len(ids) > self.context:
            raise CelosiaError(f"context of {self.context} positions is full: with this turn the conversation has "
                               f"{len(ids)} tokens; it is kept as it was before")
        held = min(self._engine.position, len(self._ids))
        kept = next((at for at, (old, new) in enumerate(zip(self._ids[:held], ids)) if old != new), min(held, len(ids)))
        self.kept = max(0, min(kept, len(ids) - 1))
        self.generation = Generation(self._engine, self._tokenizer, self._sampler, ids=ids, kept=self.kept,
                                     **self._settings)
        try:
            yield from self.generation
        finally:
            self._add(turn, text)

    def _add(self, turn, text):
        """Remember a turn, its reply, and that the context was given `text` and the reply."""
        reply, ids = self.generation.text, self.generation.ids
        said = self._tokenizer.decode_stream(start=False, special=True)
        spelled = "".join(map(said.push, ids)) + said.flush()
        self.messages += [turn, {"role": "assistant", "content": reply}]
        space = " " if spelled.startswith(" ") and not reply.startswith(" ") else ""
        self._spaced += [turn, {"role": "assistant", "content": space + reply}]
        self._text, self._ids = text + spelled, self.generation.prompt_ids + ids

    def _rendered(self, turn):
        """The conversation as the model sees it; if possible so that it goes on as it was."""
        texts = [self._template.render([*messages, turn], **self._variables)
                 for messages in (self.messages, self._spaced)]
        return next((text for text in texts if self._text is not None and text.startswith(self._text)), texts[0])

    def _encode(self, text):
        if self._text is not None and text.startswith(self._text):
            # What follows a special token is a text of its own, as it is where all is encoded at once.
            begins = self._tokenizer.is_special(self._ids[-1])
            return self._ids + self._tokenizer.encode(text[len(self._text):], bos=False, special=True, begins=begins)
        ids = self._tokenizer.encode(text, bos=False, special=True)
        opening = [self._tokenizer.bos] if self._tokenizer.add_bos else []
        return ids if ids[:1] == opening else opening + ids
