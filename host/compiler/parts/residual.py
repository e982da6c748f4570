"""Sums of states."""

from host.compiler.builder import Scratch
from host.compiler.kind import Kind

__all__ = ["residual"]


def residual(b, label, product):
    """Add vectors that lie as the states do, such as the result of a part, to the states, times the model's factor if
    it has one: one pass for all tokens."""
    with b.marked(kind=Kind.RESIDUAL):
        b.vector(f"{label}.add", Scratch(product[0]), b.hyperparameters.residual_scale, Scratch(b.state[0]),
                 length=b.span(b.state, b.hyperparameters.dim), to=b.state[0])
