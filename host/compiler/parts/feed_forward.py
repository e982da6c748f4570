"""Feed-forward networks."""

from host.compiler.builder import Scratch
from host.compiler.kind import Kind
from host.compiler.parts.activation import slope

__all__ = ["feed_forward"]

_CHUNK = 256
"""Rows of the first matrices that go through the activation together."""


def feed_forward(b, layer):
    """down(activation(gate) * up) of the columns, or down(activation(up)), as the model has it.

    The rows of the first matrices come in chunks: each goes through the activation while the next one streams. The
    tensors are ``ffn_gate``, ``ffn_up`` and ``ffn_down`` of the layer, with biases where the file has them.

    Returns
    -------
    Vectors
        Which lie as the states do.
    """
    hp, count = b.hyperparameters, len(b.tokens)
    chunk = min(_CHUNK, hp.ffn)
    chunks = [(first, min(chunk, hp.ffn - first)) for first in range(0, hp.ffn, chunk)]
    first_matrix, *others = ("ffn_gate", "ffn_up") if hp.gated else ("ffn_up",)
    hidden = b.scratchpad.take(hp.ffn, count)
    before = None
    for index, (first, rows) in enumerate(chunks):
        part = f".{index}" if len(chunks) > 1 else ""
        inputs = {name: b.scratchpad.take(chunk, count) for name in (first_matrix, *others)}
        b.matrix(f"{layer}.{first_matrix}{part}", f"{layer}.{first_matrix}.weight", to=inputs[first_matrix],
                 first=first, rows=rows)
        if before:
            _activate(b, layer, *before, hidden)
        for name in others:
            b.matrix(f"{layer}.{name}{part}", f"{layer}.{name}.weight", to=inputs[name], first=first, rows=rows)
        before = part, inputs, first, rows
    _activate(b, layer, *before, hidden)
    b.columns(f"{layer}.ffn_down.x", hidden, hp.ffn)
    product = b.scratchpad.take(hp.dim, count, stride=b.state.stride)
    b.linear(f"{layer}.ffn_down", product)
    return product


def _activate(b, layer, part, inputs, first, rows, hidden):
    """Some elements of the activation of the first input, times the second one if there is one, into ``hidden``."""
    hp = b.hyperparameters
    for name, vectors in inputs.items():
        b.bias(f"{layer}.{name}{part}", f"{layer}.{name}.bias", vectors, first=first, rows=rows)
    label, (x, *factors) = f"{layer}.{hp.activation}{part}", inputs.values()
    work = b.scratchpad.take(min(_CHUNK, hp.ffn), len(b.tokens))
    slope(b, label, hp.activation, x, work, rows)
    with b.marked(kind=Kind.ACTIVATION):
        if factors:
            b.vector(label, Scratch(x[0]), Scratch(work[0]), length=b.span(x, rows), to=work[0])
        for token in b.tokens:
            name, factor = ("up", factors[0]) if factors else ("x", x)
            b.vector(f"{label}.{name}{b.of(token)}", Scratch(work[token]), Scratch(factor[token]), length=rows,
                     to=hidden[token] + first)
