"""The three engines behind one interface."""

from enum import StrEnum

import numpy as np

__all__ = ["Engine", "EngineName", "open_engine"]


class EngineName(StrEnum):
    """Values of ``--engine``."""

    FLOAT = "float"  #: NumPy float64 on dequantised weights, the ideal
    MODEL = "model"  #: bit-exact NumPy, executes the program
    RTL = "rtl"      #: the gateware, compiled simulation


class Engine:
    """What generation needs of an engine.

    Parameters
    ----------
    inner : FloatEngine, ModelEngine or RtlEngine

    Attributes
    ----------
    context, position : int
        Positions of the KV cache, and how many of them are taken.
    argmax : int
        Most likely token after the last step, the lowest id of equals.
    cycles, bus_beats : int or None
        Clock cycles simulated and words that passed the memory bus since the start; None where the engine
        knows no clock.
    """

    cycles = bus_beats = None

    def __init__(self, inner):
        self.inner = inner
        self.context = inner.context
        self.argmax = None

    @property
    def position(self):
        return self.inner.position

    def step(self, token, *, logits=True):
        """Append a token to the context.

        Parameters
        ----------
        token : int
        logits : bool
            Whether the caller reads the logits; the accelerator then need not write them to memory.

        Returns
        -------
        float32 array (vocab,), or None if they were not asked for
        """
        raise NotImplementedError

    def read(self, ids, *, start=0):
        """Begin a new text and let it pass, in groups as large as possible.

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

        self.inner.reset()
        for begin, end, rows in ((0, start, Rows.NONE), (start, len(ids), Rows.ALL)):
            for first in range(begin, min(end, len(ids)), self.inner.group):
                part = ids[first:min(first + self.inner.group, end)]
                logits = self.inner.extend(part, rows=rows)
                yield from [None] * len(part) if logits is None else logits


class _FloatEngine(Engine):
    def step(self, token, *, logits=True):
        result = self.inner.step(token)
        self.argmax = int(result.argmax())
        return result.astype(np.float32) if logits else None

    def read(self, ids, *, start=0):
        # All positions at once: each weight is then dequantised once.
        logits = self.inner.logits(ids)
        yield from ([None] * start + list(logits[start:]))[:len(ids)]


class _ModelEngine(Engine):
    def step(self, token, *, logits=True):
        result = self.inner.step(token)
        self.argmax = self.inner.argmax
        return result if logits else None


class _RtlEngine(Engine):
    def step(self, token, *, logits=True):
        result = self.inner.step(token, logits=logits)
        self.argmax = self.inner.argmax
        return result

    @property
    def cycles(self):
        return self.inner.cycles

    @property
    def bus_beats(self):
        return self.inner.bus_beats


def open_engine(name, model, *, config, context=None):
    """Make a model ready to run.

    Parameters
    ----------
    name : EngineName or str
    model : host.gguf_model.Model
    config : gateware.config.Config
        Ignored by ``float``.
    context : int, optional
        Positions of the KV cache; the model's own by default.

    Returns
    -------
    Engine

    Raises
    ------
    CelosiaError
        If the model does not fit the configuration, or the context is not possible.
    """
    if name == EngineName.FLOAT:
        from host.engine.float_engine import FloatEngine

        return _FloatEngine(FloatEngine(model, context))
    from host.compiler.compiled import compile_model
    from host.image.image import build_image

    image = build_image(compile_model(model, config, context))
    if name == EngineName.MODEL:
        from host.engine.model_engine import ModelEngine

        return _ModelEngine(ModelEngine(image))
    from sim.rtl_engine import RtlEngine

    return _RtlEngine(RtlEngine(image))
