"""Two engines side by side, instruction by instruction."""

from dataclasses import dataclass, field
import hashlib

from host.engine.trace import Trace
from host.engine.trace_difference import TraceDifference, first_difference

__all__ = ["Verification", "verify_engines"]


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
        The first one, in the last token of `ids`; nothing is compared after it.
    """

    ids: list = field(default_factory=list)
    values: int = 0
    difference: TraceDifference | None = None
    _hash: object = field(default_factory=hashlib.sha256, repr=False)

    @property
    def logits_hash(self):
        """SHA-256 of the logits of all tokens that agreed, the first 16 digits."""
        return self._hash.hexdigest()[:16]

    def add(self, token, expected, found, logits):
        """Compare the traces of one token."""
        self.ids.append(token)
        self.values += len(expected.writes)
        self.difference = first_difference(expected, found)
        if self.difference is None:
            self._hash.update(logits.astype("<f4").tobytes())


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
        expected, found = Trace(), Trace()
        reference.step(token, trace=expected)
        logits = engine.step(token, trace=found)
        result.add(token, expected, found, logits)
        yield result
        if result.difference:
            return
        token = reference.argmax
