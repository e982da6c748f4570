"""Feed-forward networks."""

import math

from gateware.isa import Function
from host.compiler.builder import Scratch
from host.compiler.kind import Kind

__all__ = ["gated_feed_forward"]

_LOG2_E = math.log2(math.e)
_CHUNK = 256
"""Rows of the first matrices that go through the activation together."""


def gated_feed_forward(b, layer):
    """down(silu(gate) * up) of the columns, in chunks of rows: each goes through silu while the next one streams.

    The tensors are ``ffn_gate``, ``ffn_up`` and ``ffn_down`` of the layer, with biases where the file has them.

    Returns
    -------
    Vectors
        Which lie as the states do.
    """
    ffn, count = b.hyperparameters.ffn, len(b.tokens)
    chunk = min(_CHUNK, ffn)
    chunks = [(first, min(chunk, ffn - first)) for first in range(0, ffn, chunk)]
    hidden = b.scratchpad.take(ffn, count)
    before = None
    for index, (first, rows) in enumerate(chunks):
        part = f".{index}" if len(chunks) > 1 else ""
        gate, up = b.scratchpad.take(chunk, count), b.scratchpad.take(chunk, count)
        b.matrix(f"{layer}.ffn_gate{part}", f"{layer}.ffn_gate.weight", to=gate, first=first, rows=rows)
        if before:
            _silu(b, layer, *before, hidden)
        b.matrix(f"{layer}.ffn_up{part}", f"{layer}.ffn_up.weight", to=up, first=first, rows=rows)
        before = part, gate, up, first, rows
    _silu(b, layer, *before, hidden)
    with b.marked(kind=Kind.QUANTISE):
        for token in b.tokens:
            b.vector(f"{layer}.ffn_down.x{b.of(token)}", Scratch(hidden[token]), length=ffn, column=token)
    product = b.scratchpad.take(b.hyperparameters.dim, count, stride=b.state.stride)
    b.linear(f"{layer}.ffn_down", product)
    return product


def _silu(b, layer, part, gate, up, first, rows, hidden):
    """Some elements of silu(gate) * up, silu(g) = g / (1 + 2**(-g * log2(e))), all tokens in one pass."""
    for name, vectors in (("ffn_gate", gate), ("ffn_up", up)):
        b.bias(f"{layer}.{name}{part}", f"{layer}.{name}.bias", vectors, first=first, rows=rows)
    label, length = f"{layer}.silu{part}", b.span(gate, rows)
    silu = b.scratchpad.take(min(_CHUNK, b.hyperparameters.ffn), len(b.tokens))
    with b.marked(kind=Kind.ACTIVATION):
        b.vector(f"{label}.exp", Scratch(gate[0]), -_LOG2_E, length=length, function=Function.EXP2, to=silu[0])
        b.vector(f"{label}.sigmoid", Scratch(silu[0]), 1.0, 1.0, length=length, function=Function.RECIPROCAL,
                 to=silu[0])
        b.vector(label, Scratch(gate[0]), Scratch(silu[0]), length=length, to=silu[0])
        for token in b.tokens:
            b.vector(f"{label}.up{b.of(token)}", Scratch(silu[token]), Scratch(up[token]), length=rows,
                     to=hidden[token] + first)
