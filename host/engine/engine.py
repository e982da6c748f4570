"""What everything that runs a model can do."""

from pathlib import Path
from typing import Protocol

from host.engine.rows import Rows

__all__ = ["Engine"]


class Engine(Protocol):
    """Turns tokens into logits, with a context that grows; of an encoder, the tokens of a text into states.

    What generates, scores and embeds text needs nothing else of an engine. Engines derive from this, so that they have
    what is the same for all of them.

    Attributes
    ----------
    path : pathlib.Path
        The file of the model.
    context : int
        Positions of the KV cache.
    group : int
        Most tokens that go through the weights together. It may be set lower.
    position : int
        How many positions are taken. It may be set back: what lies beyond is then computed anew.
    choices : list of int
        Most likely next token for each token of the last `extend` that had logits, the lowest id of equals.
    cycles, bus_beats : int or None
        Clock cycles and words that passed the memory bus since the start; None where the engine knows no clock.
    free_logits : bool
        Whether logits cost nothing, because the engine computes all of them in any case.
    """

    path: Path
    context: int
    group: int
    position: int
    choices: list
    cycles: int | None = None
    bus_beats: int | None = None
    free_logits: bool = False

    def reset(self):
        """Forget all tokens."""
        self.position = 0

    def extend(self, tokens, *, rows=Rows.ALL, logits=True):
        """Append tokens to the context, `group` of them at once.

        Parameters
        ----------
        tokens : sequence of int
        rows : Rows
            The tokens after which something is predicted; `choices` are theirs.
        logits : bool
            Whether the caller reads the logits; the accelerator then need not write them to memory.

        Returns
        -------
        float32 array (rows, vocab), or None if they were not asked for

        Raises
        ------
        CelosiaError
            If a token is not in the vocabulary or the context has no room.
        """
        ...

    def states(self, ids):
        """What an encoder makes of a text: the states after the last layer.

        Parameters
        ----------
        ids : sequence of int

        Returns
        -------
        float32 array (len(ids), dim); of the float engine float64

        Raises
        ------
        CelosiaError
            If an id is outside the vocabulary, the text does not fit the context, or the model is no encoder.
        """
        ...

    def read(self, ids, *, start=0):
        """Begin a new text and let it pass, group by group.

        Parameters
        ----------
        ids : sequence of int
        start : int
            First position whose logits the caller reads.

        Yields
        ------
        float32 or float64 array (vocab,), or None before `start`
        """
        self.reset()
        for first, stop, rows in ((0, min(start, len(ids)), Rows.NONE), (start, len(ids), Rows.ALL)):
            for at in range(first, stop, self.group):
                members = ids[at:min(at + self.group, stop)]
                logits = self.extend(members, rows=rows)
                yield from [None] * len(members) if logits is None else logits
