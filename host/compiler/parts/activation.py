"""Activations: what a feed-forward network does to each element.

All of them are x * sigmoid(x * p(x * x)) with a polynomial p, which the vector unit computes as
x / (1 + 2**(x * q(x * x))), q = -log2(e) * p.
"""

import math

from gateware.isa import Function, Source
from host.arch.choices import Activation
from host.compiler.builder import Scratch
from host.compiler.kind import Kind

__all__ = ["slope"]

_LOG2_E = math.log2(math.e)
_TANH = 2 * math.sqrt(2 / math.pi)
_STEP = 2.0**64
_POLYNOMIALS = {
    Activation.SILU: (1.0,),
    # (1 + tanh(z)) / 2 is sigmoid(2 z).
    Activation.GELU_TANH: (_TANH, _TANH * 0.044715),
    # The distribution of the normal law as a sigmoid; lowest power first. Fitted (least squares, weights of Lawson)
    # such that the largest error of the product with x is least: 7e-8.
    Activation.GELU_ERF: (1.59576843, 0.0726685669, -6.62599103e-05, -1.1048034e-04, 7.93822205e-06, -2.66893011e-07,
                          3.61123711e-09),
    # Of so steep a sigmoid nothing is left but 0 and 1, unless x is below 1e-18.
    Activation.RELU: (_STEP,),
    Activation.SQUARED_RELU: (_STEP,),
}


def slope(b, label, kind, x, to, length):
    """What elements must be multiplied with to become their activation: sigmoid(x * p(x * x)), of the square of ReLU
    x times that.

    Parameters
    ----------
    label : str
    kind : Activation
    x, to : Vectors
        Equally long ones; all tokens are one pass.
    length : int
        Elements of a vector.
    """
    length, x, to = b.span(x, length), x[0], to[0]
    constant, *higher = (-_LOG2_E * coefficient for coefficient in _POLYNOMIALS[kind])
    with b.marked(kind=Kind.ACTIVATION):
        if higher:
            _polynomial(b, label, [constant, *higher], x, to, length)
            b.vector(f"{label}.exp", Scratch(to), Scratch(x), length=length, function=Function.EXP2, to=to)
        else:
            b.vector(f"{label}.exp", Scratch(x), constant, length=length, function=Function.EXP2, to=to)
        b.vector(f"{label}.sigmoid", Scratch(to), 1.0, 1.0, length=length, function=Function.RECIPROCAL, to=to)
        if kind == Activation.SQUARED_RELU:
            b.vector(f"{label}.relu", Scratch(to), Scratch(x), length=length, to=to)


def _polynomial(b, label, coefficients, x, to, length):
    """A polynomial, lowest power first, of the squares of elements, by Horner's rule."""
    *lower, last, first = coefficients
    square = b.scratchpad.take(length)[0] if lower else to
    b.vector(f"{label}.square", Scratch(x), Source.SAME, length=length, to=square)
    b.vector(f"{label}.polynomial", Scratch(square), first, last, length=length, to=to)
    for coefficient in reversed(lower):
        b.vector(f"{label}.polynomial", Scratch(to), Scratch(square), coefficient, length=length, to=to)
