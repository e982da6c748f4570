"""Two engines side by side, instruction by instruction."""

from dataclasses import dataclass, field
import hashlib

from host.engine.trace import Trace
from host.engine.trace_difference import TraceDifference, first_difference

__all__ = ["Verification", "verify_engines", "verify_groups"]


@dataclass
class Verification:
    """What a comparison has found so far.

    Attributes
    ----------
    ids : list of int
        Tokens that were fed.
    values : int
        Values compared.
    difference : TraceDifference or None
        The first one, in the last token or group of `ids`; nothing is compared after it.
    label : str or None
        Name of the instruction that wrote it.
    last : int
        Tokens of the last group: 1 where tokens were fed one by one.
    """

    ids: list = field(default_factory=list)
    values: int = 0
    difference: TraceDifference | None = None
    label: str | None = None
    last: int = 1
    _hash: object = field(default_factory=hashlib.sha256, repr=False)

    @property
    def logits_hash(self):
        """SHA-256 of the logits of all tokens that agreed, the first 16 digits."""
        return self._hash.hexdigest()[:16]

    def add(self, tokens, expected, found, logits, compiled):
        """Compare the traces of tokens that went through together."""
        self.ids += tokens
        self.last = len(tokens)
        self.values += len(expected.writes)
        self.difference = first_difference(expected, found)
        if self.difference is None:
            self._hash.update(logits.astype("<f4").tobytes())
        else:
            self.label = compiled.label_in(len(tokens), self.difference.instruction)


def verify_engines(reference, engine, first_token, tokens):
    """Feed the same tokens to two engines and compare every value that every instruction writes.

    Parameters
    ----------
    reference, engine : ModelEngine or RtlEngine
        With empty contexts and memories of their own.
    first_token : int
        The others are what the reference thinks most likely.
    tokens : int
        Tokens to feed.

    Yields
    ------
    Verification
        The same object after each token; the last one is the result. Ends at the first difference.
    """
    result, token = Verification(), first_token
    for _ in range(tokens):
        _compare(result, reference, engine, [token])
        yield result
        if result.difference:
            return
        token = reference.argmax


def verify_groups(reference, engine, ids):
    """Feed tokens to two engines in groups as large as these take, and compare as `verify_engines` does.

    Parameters
    ----------
    reference, engine
        As for `verify_engines`.
    ids : sequence of int

    Yields
    ------
    Verification
        The same object after each group. Its `logits_hash` is that of the same tokens one by one if the logits are
        the same bits.
    """
    result = Verification()
    for start in range(0, len(ids), reference.group):
        _compare(result, reference, engine, ids[start:start + reference.group])
        yield result
        if result.difference:
            return


def _compare(result, reference, engine, tokens):
    """Let both engines take the tokens together."""
    expected, found = Trace(), Trace()
    reference.extend(tokens, trace=expected)
    logits = engine.extend(tokens, trace=found)
    result.add(tokens, expected, found, logits, reference.image.compiled)
