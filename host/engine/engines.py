"""The engines behind one interface."""

from enum import StrEnum

import numpy as np

from host.errors import CelosiaError

__all__ = ["Engine", "EngineName", "check_memory", "open_engine"]

#: Positions that the float engine computes together; more would only take memory.
_FLOAT_GROUP = 64


class EngineName(StrEnum):
    """Values of ``--engine``."""

    FLOAT = "float"  #: NumPy float64 on dequantised weights, the ideal
    MODEL = "model"  #: bit-exact NumPy, executes the program
    RTL = "rtl"      #: the gateware, compiled simulation
    BOARD = "board"  #: a board behind a link, real or simulated


class Engine:
    """What generation needs of an engine.

    Parameters
    ----------
    inner : FloatEngine, ModelEngine, RtlEngine or BoardEngine
    group : int
        Most tokens of one pass over the weights.

    Attributes
    ----------
    context : int
        Positions of the KV cache.
    position : int
        How many of them are taken. It may be set back: what lies beyond is then computed anew.
    choices : list of int
        Most likely next token for each token of the last `extend` that had logits, the lowest id of equals.
    cycles, bus_beats : int or None
        Clock cycles simulated and words that passed the memory bus since the start; None where the engine
        knows no clock.
    """

    cycles = bus_beats = None

    def __init__(self, inner, group):
        self.inner = inner
        self.group = group
        self.context = inner.context

    @property
    def position(self):
        return self.inner.position

    @position.setter
    def position(self, position):
        self.inner.position = position

    @property
    def choices(self):
        return self.inner.choices

    def reset(self):
        """Forget all tokens."""
        self.inner.reset()

    def extend(self, tokens, *, rows, logits=True):
        """Append tokens to the context, `group` of them at once.

        Parameters
        ----------
        tokens : sequence of int
        rows : host.engine.program_engine.Rows
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
        return self.inner.extend(tokens, rows=rows, logits=logits)

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
        from host.engine.program_engine import Rows

        self.reset()
        for first, stop, rows in ((0, min(start, len(ids)), Rows.NONE), (start, len(ids), Rows.ALL)):
            for at in range(first, stop, self.group):
                members = ids[at:min(at + self.group, stop)]
                logits = self.extend(members, rows=rows)
                yield from [None] * len(members) if logits is None else logits


class _FloatEngine(Engine):
    """Tokens of a group are columns of matrix products, whose sums NumPy orders as it likes: the last bits of
    the logits may depend on the grouping, unlike those of the other engines."""

    choices = ()

    def extend(self, tokens, *, rows, logits=True):
        from host.engine.program_engine import Rows

        parts = [self.inner.extend(tokens[at:at + self.group]) for at in range(0, len(tokens), self.group)]
        if rows == Rows.NONE or not parts:
            self.choices = []
            return None
        result = parts[-1][-1:] if rows == Rows.LAST else np.concatenate(parts)
        self.choices = result.argmax(axis=1).tolist()
        return result.astype(np.float32) if logits else None

    def read(self, ids, *, start=0):
        # All positions at once: each weight is then dequantised once.
        logits = self.inner.logits(ids)
        yield from ([None] * start + list(logits[start:]))[:len(ids)]


class _ClockedEngine(Engine):
    @property
    def cycles(self):
        return self.inner.cycles

    @property
    def bus_beats(self):
        return self.inner.bus_beats


def check_memory(memory, image):
    """Refuse an image that does not fit the memory of a board.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    image : host.image.image.Image

    Raises
    ------
    CelosiaError
        If it does not, by how many bytes.
    """
    if image.memory.size > memory.bytes:
        raise CelosiaError(f"memory image must be at most the {memory.bytes:,} bytes of {memory.name}, not "
                           f"{image.memory.size:,}: {image.memory.size - memory.bytes:,} too many")


def open_engine(name, model, *, config, context=None, kv_bits=16, memory=None, board=None, progress=None):
    """Make a model ready to run.

    Parameters
    ----------
    name : EngineName or str
    model : host.gguf.model.Model
    config : gateware.config.Config
        Ignored by ``float``.
    context : int, optional
        Positions of the KV cache; the model's own by default.
    kv_bits : int
        Bits of a code in the KV cache. Ignored by ``float``, which rounds nothing.
    memory : soc.dram.memory.Memory, optional
        Of ``rtl`` alone: its controller is simulated as well; by default memory is a simple model.
    board : host.transport.link_client.LinkClient
        Of ``board`` alone.
    progress : function of (int, int), optional
        Of ``board`` alone: called while it is loaded, with bytes done and bytes in all.

    Returns
    -------
    Engine

    Raises
    ------
    CelosiaError
        If the model does not fit the configuration or the memory, or the context is not possible.
    """
    if name == EngineName.FLOAT:
        from host.engine.float_engine import FloatEngine

        return _FloatEngine(FloatEngine(model, context), _FLOAT_GROUP)
    from host.compiler.compiled import compile_model
    from host.image.image import build_image

    image = build_image(compile_model(model, config, context, kv_bits=kv_bits))
    if name == EngineName.MODEL:
        from host.engine.model_engine import ModelEngine

        return Engine(ModelEngine(image), image.compiled.group)
    if name == EngineName.BOARD:
        from host.engine.board_engine import BoardEngine

        return _ClockedEngine(BoardEngine(image, board, progress=progress), image.compiled.group)
    from host.engine.rtl_engine import MemoryTiming, RtlEngine

    if memory is not None:
        check_memory(memory, image)
    return _ClockedEngine(RtlEngine(image, memory=memory or MemoryTiming()), image.compiled.group)
