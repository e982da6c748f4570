"""What a family of models is."""

from host.compiler.part import Part
from host.errors import CelosiaError

__all__ = ["Architecture"]

_WHOLE = (Part.DECODE, Part.CHOOSE)
"""Programs of a single token from its id to its logits."""


class Architecture:
    """A family of models: how its files are read, what its layers compute.

    A subclass is one file of this folder, and an entry in `host.arch.registry.ARCHITECTURES`. It defines
    `hyperparameters`, `tensors`, the passes of `body` and `logits`, and `reference`: the same computation once more, in
    float64, which everything else is compared with.

    Attributes
    ----------
    name : str
        In ``general.architecture``, and before the first dot of the family's keys.
    neutral : dict of str to tuple
        Keys of something that is not supported, with the values that ask for nothing.
    harmless : frozenset of str
        Keys that change no result.
    checked : tuple of str
        Formats in which its reference was compared with that of others.
    published : dict of str to Published
        Models that people have, for benchmarks without weights.
    """

    name = ""
    neutral = {}
    harmless = frozenset()
    checked = ()
    published = {}

    def hyperparameters(self, keys, tensors):
        """Read the keys of a file.

        Parameters
        ----------
        keys : host.arch.keys.Keys
        tensors : host.gguf.model.FileTensors
            Which tensors there are, and what is in the small ones.

        Returns
        -------
        Hyperparameters

        Raises
        ------
        CelosiaError
            If a key is missing, has a value that cannot be, or asks for something that is not supported.
        """
        raise NotImplementedError(f"{type(self).__name__} must define hyperparameters()")

    def tensors(self, hyperparameters):
        """Every tensor that such a model may have.

        Returns
        -------
        dict of str to TensorSpec
        """
        raise NotImplementedError(f"{type(self).__name__} must define tensors()")

    def position_tables(self, hyperparameters, context):
        """Numbers that the program reads by the position.

        Parameters
        ----------
        hyperparameters : Hyperparameters
        context : int
            Positions that there are room for.

        Returns
        -------
        dict of str to PositionTable
            By their memory region.
        """
        return {}

    def parts(self, hyperparameters, tokens):
        """The programs that there are for groups of `tokens` tokens.

        Returns
        -------
        tuple of Part or LayerPart
        """
        return (*(_WHOLE if tokens == 1 else ()), Part.BODY, Part.LOGITS, Part.CHOICES, Part.LAST, Part.CHOICE)

    def token_parts(self, hyperparameters):
        """The programs that a token by itself goes through, logits included: tuple of Part or LayerPart."""
        return (Part.DECODE,)

    def build(self, b, part):
        """Append a program, without its end.

        Parameters
        ----------
        b : host.compiler.layer_builder.LayerBuilder
            Its parts are in `host.compiler.parts`.
        part : Part or LayerPart

        Raises
        ------
        CelosiaError
            If there is no program for such a model.
        """
        if part in (*_WHOLE, Part.BODY):
            self.body(b)
        if part != Part.BODY:
            self.logits(b, b.tokens[-part.rows(len(b.tokens)):])

    def body(self, b):
        """Append everything from the token ids to the states after the last layer.

        Parameters
        ----------
        b : host.compiler.layer_builder.LayerBuilder
            Its parts are in `host.compiler.parts`.

        Raises
        ------
        CelosiaError
            If there is no program for such a model.
        """
        raise CelosiaError(f"{b.model.path}: architecture {self.name!r} has no program: it runs on the engine float "
                           f"alone")

    def logits(self, b, tokens):
        """Append what makes logits of the states that the body has left.

        Parameters
        ----------
        b : host.compiler.layer_builder.LayerBuilder
        tokens : sequence of int
            Those of the group that are to have logits, the first in column 0.
        """

    def reference(self, ideal, ids):
        """Logits after each of some tokens that are appended to the context; of an encoder, the states of a text.

        Parameters
        ----------
        ideal : host.engine.float_engine.FloatEngine
            Weights and KV cache; its parts are in `host.engine.float_parts`.
        ids : int64 array (n,)

        Returns
        -------
        float64 array (n, vocab), or (n, dim)
        """
        raise NotImplementedError(f"{type(self).__name__} must define reference()")
