"""What the engines that execute programs have in common: tokens in, logits out."""

import numpy as np

from host.compiler.part import Part
from host.engine.encoder_runs import encoder_runs
from host.engine.engine import Engine
from host.engine.rows import Rows
from host.errors import CelosiaError

__all__ = ["ProgramEngine"]


class ProgramEngine(Engine):
    """Runs groups of tokens through the programs of a memory image.

    A subclass defines :meth:`run`, and :meth:`read_memory` if its memory is not the image.

    Parameters
    ----------
    image : host.image.image.Image
    """

    def __init__(self, image):
        self.image, self.path = image, image.compiled.model.path
        self.context = image.header.context
        self.group = image.header.group
        self._position = self._reach = 0
        self.choices = []

    @property
    def position(self):
        return self._position

    @position.setter
    def position(self, position):
        least = self.image.compiled.least_position(self._reach)
        if least > position > 0:
            raise ValueError(f"Position must be 0 or at least {least} after {self._reach} tokens, not {position!r}: "
                             "what it sees has been overwritten")
        self._position = position
        self._reach = max(self._reach, position) if position else 0

    def run(self, tokens, part, *, trace):
        """Run one program at the present position.

        Parameters
        ----------
        tokens : list of int
            At most ``group``.
        part : host.compiler.part.Part or host.compiler.part.LayerPart
        trace : host.engine.trace.Trace or None

        Returns
        -------
        float32 array (rows, vocab), or None if the program stores no logits
        """
        raise NotImplementedError(f"{type(self).__name__} must define run()")

    def read_memory(self, address, size):
        """Bytes of the memory that programs write."""
        return self.image.memory[address:address + size].tobytes()

    def read_results(self, rows):
        """What programs left for the host, of the first tokens of a group or of a text: float32 array (rows, width)."""
        header = self.image.header
        values = np.frombuffer(self.read_memory(header.results, rows * header.row_bytes), "<f4")
        return values.reshape(rows, header.row_bytes // values.itemsize)[:, :header.width].astype(np.float32)

    @property
    def argmax(self):
        """Most likely next token after the last token with logits."""
        return self.choices[-1]

    def step(self, token, *, logits=True, trace=None):
        """Append one token.

        Parameters
        ----------
        token : int
        logits : bool
            Whether they are wanted; ``argmax`` is known in any case.
        trace : host.engine.trace.Trace, optional
            Takes every value that every instruction writes.

        Returns
        -------
        float32 array (vocab,), or None without logits

        Raises
        ------
        CelosiaError
            If the token is not in the vocabulary or the context is full.
        """
        rows = self.extend([token], logits=logits, trace=trace)
        return None if rows is None else rows[0]

    def extend(self, tokens, *, rows=Rows.ALL, logits=True, trace=None):
        """See :meth:`Engine.extend`; ``trace`` as in :meth:`step`. After an error nothing has happened."""
        self.image.compiled.model.check_predicts()
        tokens = [int(token) for token in tokens]
        self._check(tokens)
        results, self.choices = [], []
        start = 0
        while start < len(tokens):
            count = self.image.compiled.together(self.position, len(tokens) - start)
            members = tokens[start:start + count]
            start += count
            last = start == len(tokens)
            for part in self._parts(len(members), rows, last, logits):
                result = self.run(members, part, trace=trace)
                if trace is not None:
                    trace.base += len(self.image.compiled.programs[len(members), part])
                if result is not None:
                    results.append(result)
            self.position += count
        return np.concatenate(results) if results else None

    def states(self, ids):
        """See :meth:`Engine.states`."""
        model = self.image.compiled.model
        model.check_encodes()
        ids = [int(id) for id in ids]
        self.reset()
        self._check(ids)
        for run in encoder_runs(model.hyperparameters, ids, self.group):
            self.position = run.position
            self.run(run.tokens, run.part, trace=None)
        self.position = len(ids)
        return self.read_results(len(ids))

    @staticmethod
    def _parts(count, rows, last, logits):
        """Programs that a group of ``count`` tokens runs."""
        if rows == Rows.NONE or rows == Rows.LAST and not last:
            return [Part.BODY]
        if count == 1:
            return [Part.DECODE if logits else Part.CHOOSE]
        if rows == Rows.ALL:
            return [Part.BODY, Part.LOGITS if logits else Part.CHOICES]
        return [Part.BODY, Part.LAST if logits else Part.CHOICE]

    def _check(self, tokens):
        for token in tokens:
            if not 0 <= token < self.image.header.vocab:
                raise CelosiaError(f"Token id must be below {self.image.header.vocab}, not {token}")
        if self.position >= self.context and tokens:
            raise CelosiaError(f"The context of {self.context} positions is full")
        if self.position + len(tokens) > self.context:
            raise CelosiaError(f"{self.position + len(tokens)} tokens do not fit the context of {self.context}")
