"""Two engines side by side, instruction by instruction."""

from dataclasses import dataclass, field
import hashlib

from host.engine.encoder_runs import encoder_runs
from host.engine.trace import Trace
from host.engine.trace_difference import TraceDifference, first_difference

__all__ = ["Verification", "verify_engines", "verify_groups", "verify_text"]


@dataclass
class Verification:
    """What a comparison has found so far.

    Attributes
    ----------
    ids : list of int
        Tokens that were fed; of an encoder's text, up to those that went through last.
    instructions : int
        Instructions that were executed.
    values : int
        Values compared.
    difference : TraceDifference or None
        The first one, in the last token or group of `ids`; nothing is compared after it.
    label : str or None
        Name of the instruction that wrote it.
    last : int
        Tokens of the last group: 1 where tokens were fed one by one.
    part : LayerPart or Part or None
        What an encoder's program that wrote it computes.
    """

    ids: list = field(default_factory=list)
    instructions: int = 0
    values: int = 0
    difference: TraceDifference | None = None
    label: str | None = None
    last: int = 1
    part: object = None
    _hash: object = field(default_factory=hashlib.sha256, repr=False)

    @property
    def logits_hash(self):
        """SHA-256 of the logits of all tokens that agreed, or of a text's states; the first 16 digits."""
        return self._hash.hexdigest()[:16]

    def add(self, tokens, expected, found, logits, compiled):
        """Compare the traces of tokens that went through together."""
        self.ids += tokens
        self.last = len(tokens)
        self.instructions += sum(len(compiled.programs[key]) for key in compiled.group_programs(len(tokens)))
        self.values += len(expected.writes)
        self.difference = first_difference(expected, found)
        if self.difference is None:
            self.add_results(logits)
        else:
            self.label = compiled.label_in(len(tokens), self.difference.instruction)

    def add_run(self, run, ids, expected, found, compiled):
        """Compare the traces of a program of an encoder.

        Parameters
        ----------
        run : host.engine.encoder_runs.EncoderRun
        ids : list of int
            The text up to the group's last token.
        """
        self.ids, self.last, self.part = ids, len(run.tokens), run.part
        self.instructions += len(compiled.programs[len(run.tokens), run.part])
        self.values += len(expected.writes)
        self.difference = first_difference(expected, found)
        if self.difference is not None:
            self.label = compiled.label(self.difference.instruction, len(run.tokens), run.part)

    def add_results(self, results):
        """Add logits or states to the hash."""
        self._hash.update(results.astype("<f4").tobytes())

    def where(self):
        """The last tokens for people, and which part of an encoder they went through."""
        first = len(self.ids) - self.last
        tokens = f"token {first}" if self.last == 1 else f"tokens {first} to {len(self.ids) - 1}"
        return tokens if self.part is None else f"{self.part} of {tokens}"


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
    result, start = Verification(), 0
    while start < len(ids):
        count = reference.image.compiled.together(reference.position, len(ids) - start)
        _compare(result, reference, engine, ids[start:start + count])
        start += count
        yield result
        if result.difference:
            return


def verify_text(reference, engine, ids, group):
    """Let a text go through an encoder on two engines and compare every value that every instruction writes.

    Parameters
    ----------
    reference, engine : ModelEngine or RtlEngine
        With memories of their own.
    ids : list of int
    group : int
        Most tokens that go together.

    Yields
    ------
    Verification
        The same object after each program; the last one is the result. Ends at the first difference.
    """
    result, compiled = Verification(), reference.image.compiled
    for run in encoder_runs(compiled.model.hyperparameters, ids, group):
        traces = Trace(), Trace()
        for each, trace in zip((reference, engine), traces):
            each.position = run.position
            each.run(run.tokens, run.part, trace=trace)
        result.add_run(run, ids[:run.first + len(run.tokens)], *traces, compiled)
        yield result
        if result.difference:
            return
    result.add_results(engine.read_results(len(ids)))
    yield result


def _compare(result, reference, engine, tokens):
    """Let both engines take the tokens together."""
    expected, found = Trace(), Trace()
    reference.extend(tokens, trace=expected)
    logits = engine.extend(tokens, trace=found)
    result.add(tokens, expected, found, logits, reference.image.compiled)
