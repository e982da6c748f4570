"""The begin and the end of a program: rows of tables, logits."""

import math

from gateware.isa import Function, Index
from host.compiler.builder import Memory, Scalar, Scratch, Stream
from host.compiler.kind import Kind
from host.compiler.layer_builder import ONE, ZERO
from host.compiler.parts.norm import norm
from host.compiler.placement import EMBEDDING, LOGITS, UNCAPPED

__all__ = ["embedding", "last_norm", "output", "position_vectors", "table_row", "token_type"]

_BIAS = "output.bias"
_POSITIONS = "position_embd.weight"
_TYPES = "token_types.weight"
_LOG2_E = math.log2(math.e)
_FACTOR = 2
_CHUNK = 1024
"""Logits that are capped together."""


def embedding(b):
    """The state of each token is its row of the embedding matrix, times the model's factor if it has one, plus the
    vector of its position if positions are learned."""
    row, dim, scale = b.place.rows[EMBEDDING], b.hyperparameters.dim, b.hyperparameters.embedding_scale
    length = row.words if row.packed else row.beats()
    with b.marked(kind=Kind.EMBEDDING):
        for token in b.tokens:
            stream = Stream(b.place.beat(EMBEDDING), line_beats=length, index=Index.TOKEN, index_stride=length)
            b.dot(f"token_embd{b.of(token)}", stream, row, rows=1, expand=True, member=token,
                  destination=b.state[token])
        if scale != 1:
            b.vector("token_embd.scale", Scratch(b.state[0]), scale, length=b.span(b.state, dim), to=b.state[0])
        if _POSITIONS in b.place.tables:
            for token in b.tokens:
                b.vector(f"position_embd{b.of(token)}", Scalar(ONE), table_row(b, _POSITIONS), Scratch(b.state[token]),
                         length=dim, member=token, to=b.state[token])


def token_type(b):
    """Add the vector of the first type of tokens to the states, where the file has types."""
    if not b.has(_TYPES):
        return
    with b.marked(kind=Kind.EMBEDDING):
        for token in b.tokens:
            b.vector(f"token_types{b.of(token)}", Scalar(ONE), b.numbers(_TYPES, count=b.hyperparameters.dim),
                     Scratch(b.state[token]), length=b.hyperparameters.dim, to=b.state[token])


def position_vectors(b, region, names, *, index=Index.POSITION):
    """Load the rows of a position table.

    Parameters
    ----------
    region : str
        Of the table, which is one of the architecture's ``position_tables``.
    names : sequence of str
        What labels call its parts.
    index : Index
        The register that says which row: the position, or the id where tokens are called by their position.

    Returns
    -------
    list of Vectors
        The parts, each with a vector for every token, for the whole of the program.
    """
    table = b.place.tables[region]
    parts = [b.scratchpad.take(table.width, len(b.tokens), kept=True) for _ in names]
    with b.marked(kind=Kind.EMBEDDING):
        for token in b.tokens:
            for part, (name, vectors) in enumerate(zip(names, parts)):
                b.vector(f"{region}.{name}{b.of(token)}", Scalar(ONE), table_row(b, region, part, index=index),
                         member=token, length=table.width, to=vectors[token])
    return parts


def table_row(b, region, part=0, *, index=Index.POSITION):
    """Operand: a vector of a position table, by a register."""
    table, bus_bytes = b.place.tables[region], b.config.memory.bus_bytes
    beats = table.part_bytes(bus_bytes) // bus_bytes
    return Stream(b.place.beat(region) + part * beats, line_beats=beats, index=index,
                  index_stride=table.row_bytes(bus_bytes) // bus_bytes)


def last_norm(b, name, tokens):
    """The norm of some states before the output matrix, the first one in column 0, times the model's factor of logits;
    behind them what a bias of the logits is multiplied with."""
    scale, dim = b.hyperparameters.logit_scale, b.hyperparameters.dim
    behind = b.place.tensors[_BIAS].shape[1] if b.has(_BIAS) else 0
    if scale == 1 and not behind:
        norm(b, name, tokens=tokens)
        return
    states = b.scratchpad.take(dim + behind, len(b.tokens))
    norm(b, name, tokens=tokens, to=states)
    with b.marked(kind=Kind.NORM):
        for column, token in enumerate(tokens):
            if behind:
                b.vector(f"{_BIAS}.ones{b.of(token)}", Scalar(ONE), b.numbers(_BIAS), length=behind,
                         to=states[token] + dim)
            b.vector(f"output.x{b.of(token)}", Scratch(states[token]), scale, length=dim + behind, column=column)


def output(b, columns):
    """The largest logit of each of the states in the first columns, and all of them in DRAM if the program stores them.

    Where logits have a cap they are stored twice: as they come, of which the largest is that of the capped ones, too,
    and then capped.
    """
    hp = b.hyperparameters
    region, stride = (UNCAPPED, b.place.uncapped_stride) if hp.logit_cap else (LOGITS, hp.vocab)
    b.matrix("output", b.model.output.name, columns=columns, kind=Kind.OUTPUT, argmax=True,
             destination=Memory(b.place.map.address(region)) if b.stores_logits else None,
             destination_stride=stride)
    if hp.logit_cap and b.stores_logits:
        for column in range(columns):
            _cap(b, column)


def _cap(b, column):
    """cap * tanh(x / cap) of the logits of a column: 2 cap * sigmoid(2 x / cap) - cap."""
    vocab, cap, bus_bytes = b.hyperparameters.vocab, b.hyperparameters.logit_cap, b.config.memory.bus_bytes
    with b.marked(kind=Kind.OUTPUT):
        b.scalar("output.cap.factor", ZERO, 1.0, -2 * _LOG2_E / cap, _FACTOR)
        for first in range(0, vocab, _CHUNK):
            label, length = f"output.cap.{column}.{first // _CHUNK}", min(_CHUNK, vocab - first)
            chunk = b.scratchpad.take(length)[0]
            start = 4 * (column * b.place.uncapped_stride + first)
            stream = Stream(b.place.beat(UNCAPPED) + start // bus_bytes, line_beats=-(-4 * length // bus_bytes),
                            wait=True)
            b.vector(f"{label}.exp", Scalar(_FACTOR), stream, length=length, function=Function.EXP2, to=chunk)
            b.vector(f"{label}.sigmoid", Scratch(chunk), 1.0, 1.0, length=length, function=Function.RECIPROCAL,
                     to=chunk)
            b.vector(label, Scratch(chunk), 2 * cap, -cap, length=length,
                     to=Memory(b.place.map.address(LOGITS) + 4 * (column * vocab + first)))
