"""How well a model predicts a text."""

from dataclasses import dataclass
import math
import re

import numpy as np

from host.errors import CelosiaError

__all__ = ["Chunk", "LEAST_CONTEXT", "Perplexity", "evaluate", "split_paragraphs", "split_text"]

LEAST_CONTEXT = 8
"""A shorter chunk would leave no two tokens to take a standard error of."""


@dataclass(frozen=True)
class Chunk:
    """Tokens that an engine reads from an empty context on.

    Attributes
    ----------
    ids : list of int
    first : int
        Tokens after this one are scored.
    """

    ids: list[int]
    first: int

    @property
    def scored(self):
        """Number of tokens that are scored."""
        return len(self.ids) - 1 - self.first


@dataclass(frozen=True)
class Perplexity:
    """Negative log-likelihoods of the tokens that were scored, in nats.

    Attributes
    ----------
    losses : numpy.ndarray
        float64, in the order of the text.
    """

    losses: np.ndarray

    @property
    def mean(self):
        """Mean loss in nats per token."""
        return float(self.losses.mean())

    @property
    def mean_error(self):
        """Standard error of the mean, as if losses were independent; infinity if there is but one."""
        if len(self.losses) == 1:
            return math.inf
        return float(self.losses.std(ddof=1) / math.sqrt(len(self.losses)))

    @property
    def value(self):
        """The perplexity, exp(mean)."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.mean))

    @property
    def error(self):
        """Standard error of the perplexity, to first order in that of the mean."""
        return self.value * self.mean_error


def split_text(tokenizer, text, context, *, where="text", special=False):
    """Chunks of a text as llama.cpp's ``llama-perplexity`` makes them (``tools/perplexity/perplexity.cpp``).

    The whole text is tokenised, BOS first where the model expects it, and cut every `context` tokens; what
    remains at the end is left out. Where the model expects BOS, it takes the place of each chunk's first token.
    Of a chunk's n tokens, 0..n-1, those from n // 2 + 1 on are scored.

    Parameters
    ----------
    tokenizer : host.text.tokenizer.Tokenizer
    text : str
    context : int
        Tokens of a chunk.
    where : str
        Name of the text, for messages.
    special : bool
        Control tokens that the text spells are those tokens.

    Returns
    -------
    list of Chunk

    Raises
    ------
    CelosiaError
        If the context is too short for any score, or the text for two chunks.
    """
    if context < LEAST_CONTEXT:
        raise CelosiaError(f"context must be {LEAST_CONTEXT} or more, not {context}")
    ids, opening = tokenizer.encode(text, special=special), tokenizer.encode("")
    if len(ids) < 2 * context:
        raise CelosiaError(f"{where}: text must have at least 2 x {context} = {2 * context} tokens, "
                           f"not {len(ids)}; --context makes chunks shorter")
    return [Chunk(opening + ids[start + len(opening):start + context], context // 2)
            for start in range(0, len(ids) - context + 1, context)]


def split_paragraphs(tokenizer, text, context, *, where="text", special=False):
    """A chunk for every paragraph, all of it scored, its end included.

    For models whose training texts stood alone, each between BOS and EOS.

    Parameters
    ----------
    tokenizer, text, where, special
        As for `split_text`; blank lines separate paragraphs.
    context : int
        Most tokens of a paragraph, BOS included.

    Returns
    -------
    list of Chunk

    Raises
    ------
    CelosiaError
        If a paragraph is longer than the context, or nothing is there to score.
    """
    end = [] if tokenizer.eos is None else [tokenizer.eos]
    chunks = []
    for paragraph in filter(None, map(str.strip, re.split(r"\n\s*\n", text))):
        chunks.append(Chunk(tokenizer.encode(paragraph, special=special) + end, 0))
        # Nothing comes after the end, so it is never fed.
        if len(chunks[-1].ids) - 1 > context:
            raise CelosiaError(f"{where}: paragraph {len(chunks)} must have at most the {context} tokens of "
                               f"the context, not {len(chunks[-1].ids) - 1}")
        if not chunks[-1].scored:
            raise CelosiaError(f"{where}: paragraph {len(chunks)} must have at least two tokens to score")
    if not chunks:
        raise CelosiaError(f"{where}: text must not be empty")
    return chunks


def evaluate(engine, chunks, *, progress=None):
    """Score chunks: each token by the logits after the one before it. Softmax and sums are float64.

    Parameters
    ----------
    engine : host.engine.engine.Engine
    chunks : list of Chunk
    progress : callable, optional
        Called with nothing after every token that was fed, ``len(ids) - 1`` for each chunk.

    Yields
    ------
    Perplexity
        Of all chunks so far, after each.

    Raises
    ------
    CelosiaError
        If logits are not finite.
    """
    losses = []
    for number, chunk in enumerate(chunks, 1):
        # The logits after the last token predict one that is not there.
        for position, logits in enumerate(engine.read(chunk.ids[:-1], start=chunk.first)):
            if logits is not None:
                losses.append(_loss(logits, chunk.ids[position + 1]))
                if not math.isfinite(losses[-1]):
                    raise CelosiaError(f"logits after token {position} of chunk {number} must be finite")
            if progress:
                progress()
        yield Perplexity(np.array(losses))


def _loss(logits, target):
    """-log softmax(logits)[target]; NaN if a logit is NaN or infinite."""
    logits = np.asarray(logits, np.float64)
    if not np.isfinite(logits).all():
        return math.nan
    largest = logits.max()
    return float(largest + np.log(np.exp(logits - largest).sum()) - logits[target])
