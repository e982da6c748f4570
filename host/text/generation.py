"""From a prompt to text: the loop around an engine."""

from dataclasses import replace
from enum import StrEnum

import numpy as np

from host.engine.rows import Rows
from host.errors import CelosiaError
from host.text.speculation import PromptLookup, verified
from host.text.step_cost import measured_step
from host.text.stop_text import StopText

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
    of the engine, empty where a step completes no character. The prompt goes through in groups as large as the
    engine takes. Iterate once.

    Parameters
    ----------
    engine : host.engine.engine.Engine
        With an empty context, or one that begins with `kept` of the `ids`.
    tokenizer : host.text.tokenizer.Tokenizer
    sampler : host.text.sampler.Sampler
    prompt : str
        Without one the model begins a text by itself.
    special : bool
        Control tokens that the prompt spells are those tokens.
    ids : list of int, optional
        Tokens in place of a prompt; no piece is theirs.
    kept : int
        How many of `ids` need not go through the engine again.
    tokens : int, optional
        Most tokens to generate; by default generation goes on until the text or the context ends.
    stops : sequence of str
        The continuation ends before the first of these texts in it (see `host.text.stop_text.StopText`).
    speculate : int
        Most drafts that are verified together with a token (see `host.text.speculation`); they change the number of
        steps, not the text.

    Attributes
    ----------
    prompt_ids : list of int
        What comes first, BOS included.
    ids : list of int
        Tokens generated so far; one that ended the text is the last of them and stands for no text, while
        those of a stop text stand for more than there is.
    text : str
        Prompt and continuation so far, without what may turn out to be a stop text.
    speculate : int
        As given, or what the engine has room for in a group beside the token itself.
    steps : list of host.text.step_cost.StepCost
        One per step of the engine.
    stop_reason : StopReason or None
        None while the generation lasts.

    Raises
    ------
    CelosiaError
        If the prompt is longer than the context, there is neither a prompt nor a BOS to begin with, a stop text
        is empty, or `speculate` is negative. While it lasts: if logits that were read, or cost nothing, are not finite.
    """

    def __init__(self, engine, tokenizer, sampler, *, prompt="", special=False, ids=None, kept=0, tokens=None,
                 stops=(), speculate=0):
        self.prompt_ids = tokenizer.encode(prompt, special=special) if ids is None else ids
        if not self.prompt_ids and tokenizer.bos is not None:
            self.prompt_ids = [tokenizer.bos]
        if not self.prompt_ids:
            raise CelosiaError("prompt must not be empty: this model has no token that begins a text")
        if len(self.prompt_ids) > engine.context:
            raise CelosiaError(f"prompt must have at most the {engine.context} tokens of the context, "
                               f"not {len(self.prompt_ids)}")
        if speculate < 0:
            raise CelosiaError(f"speculate must be 0 or more, not {speculate}")
        self.ids, self.steps, self.text, self.stop_reason = [], [], "", None
        self.speculate = min(speculate, engine.group - 1)
        self._engine, self._sampler, self._tokens = engine, sampler, tokens
        # Special tokens of a prompt are part of its text; those that come are none.
        known = ids is not None or special and prompt != ""
        self._prompt = "" if ids is not None else prompt if known else None
        # A reply is a text of its own, before which sentencepiece's tokens have a space that is none of it.
        self._stream, self._stop_text = tokenizer.decode_stream(start=ids is not None or not known), StopText(stops)
        self._kept = kept
        self._lookup = PromptLookup(self.prompt_ids)
        # Models trained on texts one after another say that one is over by beginning the next.
        self._ends = tokenizer.stop | {tokenizer.bos}

    def __iter__(self):
        yield self._piece(self._push(self.prompt_ids) if self._prompt is None else self._prompt)
        self._engine.position, group = self._kept, self._engine.group
        for start in range(self._kept, len(self.prompt_ids), group):
            last = start + group >= len(self.prompt_ids)
            yield self._piece(self._step(self.prompt_ids[start:start + group],
                                         rows=Rows.LAST if last else Rows.NONE, prefill=True))
        while self.stop_reason is None:
            drafts = self._lookup.draft(self._most_drafts())
            yield self._piece(self._step([self.ids[-1], *drafts], drafts))

    def _most_drafts(self):
        """Drafts that can be of use: those whose tokens are wanted and have room."""
        wanted = self.speculate if self._tokens is None else self._tokens - len(self.ids) - 1
        return min(self.speculate, wanted, self._engine.context - self._engine.position - 1)

    def _step(self, tokens, drafts=(), *, rows=Rows.ALL, prefill=False):
        """Feed tokens, of which the last are drafts; returns the text that becomes certain."""
        engine, greedy = self._engine, self._sampler.greedy
        wanted = rows != Rows.NONE and (engine.free_logits or not greedy)
        logits, cost = measured_step(engine, tokens, rows=rows, logits=wanted, prefill=prefill)
        if wanted:
            self._check(logits)

        def choose(row):
            return engine.choices[row] if greedy else self._sampler.choose(logits[row], self.prompt_ids + self.ids)

        text, generated, position = "", 0, engine.position - len(drafts)
        for token in verified(drafts, choose) if rows != Rows.NONE else ():
            self.ids.append(token)
            self._lookup.push(token)
            text += self._continue(token, position + generated)
            generated += 1
            if self.stop_reason:
                break
        # The rejected drafts leave the context: their K and V are written over.
        engine.position = position + max(0, generated - 1)
        self.steps.append(replace(cost, generated=generated, drafted=len(drafts)))
        return text

    def _check(self, logits):
        """Refuse logits that no token follows from: those of a model whose numbers are too large."""
        bad = np.argwhere(~np.isfinite(logits))
        if len(bad):
            row, token = bad[0]
            position = self._engine.position - len(logits) + row
            raise CelosiaError(f"{self._engine.path}: logits after position {position} must be finite, but that of "
                               f"token {token} is {logits[row, token]}")

    def _continue(self, token, position):
        """The text that a token generated at `position` makes certain; sets the stop reason where there is one."""
        reason = self._reason(token, position)
        # A token that ends the text is no part of it, even where the file has it as an ordinary word.
        piece = "" if reason is StopReason.END else self._push([token])
        text = self._stop_text.push(piece + (self._stream.flush() if reason else ""))
        if self._stop_text.found:
            reason = StopReason.STOP
        self.stop_reason = reason
        return text + (self._stop_text.flush() if reason else "")

    def _reason(self, token, position):
        if token in self._ends:
            return StopReason.END
        if len(self.ids) == self._tokens:
            return StopReason.TOKENS
        return StopReason.CONTEXT if position == self._engine.context else None

    def _push(self, ids):
        return "".join(map(self._stream.push, ids))

    def _piece(self, piece):
        self.text += piece
        return piece
