"""Norms."""

from gateware.isa import Function, Reduce, Source
from host.arch.choices import NormKind
from host.compiler.builder import Scalar, Scratch
from host.compiler.kind import Kind
from host.compiler.layer_builder import ONE

__all__ = ["norm", "norm_heads", "normed_residual"]

_SUM, _ROOT, _MEAN = 2, 3, 4


def norm(b, name, source=None, *, length=None, tokens=None, to=None):
    """The model's kind of norm of vectors, with the weights of tensor ``name.weight`` and, where the file has one, the
    bias ``name.bias``.

    Parameters
    ----------
    name : str
    source : Vectors, optional
        By default the states.
    length : int, optional
        Elements of a vector; by default those of a state.
    tokens : sequence of int, optional
        Those whose vectors are normalised; by default all. The first goes to column 0.
    to : Vectors, optional
        Take the results in place of the columns; they may be ``source`` itself.
    """
    source, length = source or b.state, length or b.hyperparameters.dim
    scratch = b.scratchpad.take(length)[0]
    with b.marked(kind=Kind.NORM):
        for column, token in enumerate(b.tokens if tokens is None else tokens):
            label = f"{name}{b.of(token)}"
            sink = {"column": column} if to is None else {"to": to[token]}
            vector = _centred(b, label, source[token], length, scratch)
            _root(b, label, vector, length)
            b.vector(f"{label}.scale", Scratch(vector), Scalar(_ROOT), length=length, to=scratch)
            if not b.has(f"{name}.bias"):
                b.vector(label, Scratch(scratch), b.numbers(f"{name}.weight"), length=length, **sink)
                continue
            b.vector(label, Scratch(scratch), b.numbers(f"{name}.weight"), length=length, to=scratch)
            b.vector(f"{label}.bias", Scalar(ONE), b.numbers(f"{name}.bias"), Scratch(scratch), length=length, **sink)


def norm_heads(b, name, vectors, heads):
    """The model's kind of norm of every head by itself, in place; no bias.

    The tensor ``name.weight`` has a weight for each element of a head, the same ones for all heads, or of every head.

    Parameters
    ----------
    name : str
    vectors : Vectors
        ``heads`` heads of each token.
    heads : int
    """
    size = b.hyperparameters.head_dim
    with b.marked(kind=Kind.NORM):
        shared = b.place.tensors[f"{name}.weight"].shape[0] == 1
        if shared:
            weights = b.scratchpad.take(size)[0]
            b.vector(f"{name}.weight", Scalar(ONE), b.numbers(f"{name}.weight"), length=size, to=weights)
        for token in b.tokens:
            for head in range(heads):
                label, head = f"{name}.{head}{b.of(token)}", vectors[token] + head * size
                _root(b, label, _centred(b, label, head, size, head), size)
                b.vector(label, Scratch(head), Scalar(_ROOT), length=size, to=head)
            factors = Scratch(weights, wrap=size) if shared else b.numbers(f"{name}.weight")
            b.vector(f"{name}{b.of(token)}", Scratch(vectors[token]), factors, length=heads * size, to=vectors[token])


def normed_residual(b, name, product):
    """Add the norm of vectors, with the weights of tensor ``name.weight`` and no bias, to the states, times the model's
    factor if it has one.

    The vectors are multiplied with the weights first, so that what divides them is a factor of the sum.

    Parameters
    ----------
    name : str
    product : Vectors
        Lost.
    """
    length = b.hyperparameters.dim
    with b.marked(kind=Kind.NORM):
        for token in b.tokens:
            vector, label = product[token], f"{name}{b.of(token)}"
            _root(b, label, _centred(b, label, vector, length, vector), length, b.hyperparameters.residual_scale)
            b.vector(label, Scratch(vector), b.numbers(f"{name}.weight"), length=length, to=vector)
            b.vector(f"{label}.add", Scratch(vector), Scalar(_ROOT), Scratch(b.state[token]), length=length,
                     to=b.state[token])


def _centred(b, label, vector, length, to):
    """Of LayerNorm, subtract the mean, which the squares must not contain: their sum would lose as many bits as the
    mean is larger than the deviation. Returns where the difference is; of other norms it is the vector itself."""
    if b.hyperparameters.norm != NormKind.LAYER:
        return vector
    b.vector(f"{label}.sum", Scratch(vector), length=length, reduce=Reduce.SUM, into=_SUM)
    b.scalar(f"{label}.mean", _SUM, -1 / length, 0.0, _MEAN)
    b.vector(f"{label}.centre", Scratch(vector), 1.0, Scalar(_MEAN), length=length, to=to)
    return to


def _root(b, label, vector, length, scale=1.0):
    """What each element is to be multiplied with, times ``scale``: 1 / sqrt(mean square + epsilon)."""
    b.vector(f"{label}.square", Scratch(vector), Source.SAME, length=length, reduce=Reduce.SUM, into=_SUM)
    b.scalar(f"{label}.root", _SUM, 1 / length / scale**2, b.hyperparameters.norm_eps / scale**2, _ROOT, Function.RSQRT)
