"""Norms."""

from gateware.isa import Function, Reduce, Source
from host.compiler.builder import Scalar, Scratch, Stream
from host.compiler.kind import Kind

__all__ = ["rms_norm"]

_SUM, _ROOT = 2, 3


def rms_norm(b, name, source=None, *, tokens=None, to=None):
    """RMSNorm of vectors with the weights of tensor ``name.weight``.

    Parameters
    ----------
    name : str
    source : Vectors, optional
        By default the states.
    tokens : sequence of int, optional
        Those whose vectors are normalised; by default all. The first goes to column 0.
    to : Vectors, optional
        Take the results in place of the columns; they may be ``source`` itself.
    """
    hp, source = b.hyperparameters, source or b.state
    beats = -(-hp.dim * 4 // b.config.memory.bus_bytes)
    scratch = b.scratchpad.take(hp.dim)[0]
    with b.marked(kind=Kind.NORM):
        for column, token in enumerate(b.tokens if tokens is None else tokens):
            vector, label = Scratch(source[token]), f"{name}{b.of(token)}"
            sink = {"column": column} if to is None else {"to": to[token]}
            b.vector(f"{label}.square", vector, Source.SAME, length=hp.dim, reduce=Reduce.SUM, into=_SUM)
            b.scalar(f"{label}.root", _SUM, 1 / hp.dim, hp.norm_eps, _ROOT, Function.RSQRT)
            b.vector(f"{label}.scale", vector, Scalar(_ROOT), length=hp.dim, to=scratch)
            b.vector(label, Scratch(scratch), Stream(b.place.beat(f"{name}.weight"), line_beats=beats), length=hp.dim,
                     **sink)
