"""From a prompt to text: the loop around an engine."""

from enum import StrEnum

from host.errors import CelosiaError
from host.step_cost import measured_step
from host.stop_text import StopText

__all__ = ["Generation", "StopReason"]


class StopReason(StrEnum):
    """Why a generation ended."""

    TOKENS = "tokens"    #: as many tokens as were asked for
    END = "end"          #: the model ended its text
    STOP = "stop"        #: a stop text
    CONTEXT = "context"  #: the KV cache is full


class Generation:
    """Feeds a prompt to an engine and continues it; iterate over it for pieces of text.

    The first piece is the prompt's own text, before anything is computed; then there is one piece per step
    of the engine, empty where a step completes no character. Iterate once.

    Parameters
    ----------
    engine : host.engines.Engine
        With an empty context.
    tokenizer : host.tokenizer.Tokenizer
    sampler : host.sampler.Sampler
    prompt : str
        Without one the model begins a text by itself.
    tokens : int, optional
        Most tokens to generate; by default generation goes on until the text or the context ends.
    stops : sequence of str
        The continuation ends before the first of these texts in it (see `host.stop_text.StopText`).

    Attributes
    ----------
    prompt_ids : list of int
        What is fed first, BOS included.
    ids : list of int
        Tokens generated so far; one that ended the text is the last of them and stands for no text, while
        those of a stop text stand for more than there is.
    text : str
        Prompt and continuation so far, without what may turn out to be a stop text.
    steps : list of host.step_cost.StepCost
        One per step of the engine.
    stop_reason : StopReason or None
        None while the generation lasts.

    Raises
    ------
    CelosiaError
        If the prompt is longer than the context, there is neither a prompt nor a BOS to begin with, or a stop
        text is empty.
    """

    def __init__(self, engine, tokenizer, sampler, *, prompt="", tokens=None, stops=()):
        self.prompt_ids = tokenizer.encode(prompt)
        if not self.prompt_ids and tokenizer.bos is not None:
            self.prompt_ids = [tokenizer.bos]
        if not self.prompt_ids:
            raise CelosiaError("prompt must not be empty: this model has no token that begins a text")
        if len(self.prompt_ids) > engine.context:
            raise CelosiaError(f"prompt must have at most the {engine.context} tokens of the context, "
                               f"not {len(self.prompt_ids)}")
        self.ids, self.steps, self.text, self.stop_reason = [], [], "", None
        self._engine, self._sampler, self._tokens = engine, sampler, tokens
        self._stream, self._stop_text = tokenizer.decode_stream(), StopText(stops)
        # Models trained on texts one after another say that one is over by beginning the next.
        self._stop = tokenizer.stop | {tokenizer.bos}

    def __iter__(self):
        yield self._piece(self._push(self.prompt_ids))
        for token in self.prompt_ids[:-1]:
            self._step(token, decode=False)
            yield ""
        token = self.prompt_ids[-1]
        while self.stop_reason is None:
            token = self._step(token, decode=True)
            self.ids.append(token)
            yield self._piece(self._continue(token))

    def _step(self, token, *, decode):
        """Feed a token; if ``decode``, return the next one."""
        logits, cost = measured_step(self._engine, token, logits=decode and not self._sampler.greedy,
                                     decode=decode)
        self.steps.append(cost)
        if not decode:
            return None
        return self._engine.argmax if self._sampler.greedy else self._sampler.choose(
            logits, self.prompt_ids + self.ids)

    def _continue(self, token):
        """The text that a generated token makes certain; sets the stop reason where there is one."""
        reason = self._reason(token)
        text = self._stop_text.push(self._push([token]) + (self._stream.flush() if reason else ""))
        if self._stop_text.found:
            reason = StopReason.STOP
        self.stop_reason = reason
        return text + (self._stop_text.flush() if reason else "")

    def _reason(self, token):
        if token in self._stop:
            return StopReason.END
        if len(self.ids) == self._tokens:
            return StopReason.TOKENS
        return StopReason.CONTEXT if self._engine.position == self._engine.context else None

    def _push(self, ids):
        return "".join(map(self._stream.push, ids))

    def _piece(self, piece):
        self.text += piece
        return piece
