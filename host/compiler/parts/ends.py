"""The begin and the end of a program: rows of tables, logits."""

from gateware.isa import Index
from host.compiler.builder import Memory, Scalar, Stream
from host.compiler.kind import Kind
from host.compiler.layer_builder import ONE
from host.compiler.placement import EMBEDDING

__all__ = ["embedding", "output", "position_vectors"]


def embedding(b):
    """The state of each token is its row of the embedding matrix."""
    row = b.place.rows[EMBEDDING]
    length = row.words if row.packed else row.beats()
    with b.marked(kind=Kind.EMBEDDING):
        for token in b.tokens:
            stream = Stream(b.place.beat(EMBEDDING), line_beats=length, index=Index.TOKEN, index_stride=length)
            b.dot(f"token_embd{b.of(token)}", stream, row, rows=1, expand=True, member=token,
                  destination=b.state[token])


def position_vectors(b, region, names):
    """Load the rows of a position table.

    Parameters
    ----------
    region : str
        Of the table, which is one of the architecture's ``position_tables``.
    names : sequence of str
        What labels call its parts.

    Returns
    -------
    list of Vectors
        The parts, each with a vector for every token, for the whole of the program.
    """
    table = b.place.tables[region]
    stride, beats = (count // b.config.memory.bus_bytes for count in (
        table.row_bytes(b.config.memory.bus_bytes), table.part_bytes(b.config.memory.bus_bytes)))
    parts = [b.scratchpad.take(table.width, len(b.tokens), kept=True) for _ in names]
    with b.marked(kind=Kind.EMBEDDING):
        for token in b.tokens:
            for index, (name, vectors) in enumerate(zip(names, parts)):
                stream = Stream(b.place.beat(region) + index * beats, line_beats=beats, index=Index.POSITION,
                                index_stride=stride)
                b.vector(f"{region}.{name}{b.of(token)}", Scalar(ONE), stream, member=token, length=table.width,
                         to=vectors[token])
    return parts


def output(b, columns):
    """The largest logit of each of the states in the first columns, and all in DRAM if the program stores them."""
    b.matrix("output", b.model.output.name, columns=columns, kind=Kind.OUTPUT, argmax=True,
             destination=Memory(b.place.map.address("logits")) if b.stores_logits else None,
             destination_stride=b.hyperparameters.vocab)
