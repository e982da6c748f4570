"""What is too far away to be seen."""

from gateware.isa import Function, Index, Reduce, Source
from host.arch.distance_tables import MIDDLES, PLACES, STEP
from host.compiler.builder import Scalar, Scratch, Stream
from host.compiler.kind import Kind
from host.compiler.layer_builder import ONE
from host.compiler.parts.ends import table_row

__all__ = ["far_scores"]

_MIDDLE = 2


def far_scores(b, label, reach):
    """What is to be added to the scores of a token that sees the positions to both sides at most ``reach`` away: 0, and
    minus infinity where it does not see.

    The square of the distance, less that of one between ``reach`` and the next one, is the exponent of a power of two
    which nothing is left of, or which is beyond all numbers: `STEP` makes it far from either.

    Parameters
    ----------
    b : host.compiler.layer_builder.LayerBuilder
        Ids of tokens are their positions, and the position is the last of the text.
    label : str
    reach : int

    Returns
    -------
    Vectors
        Of each token, with an element for each position.
    """
    result = b.scratchpad.take_positions(len(b.tokens))
    bus_elements = b.config.memory.bus_bytes // 4
    places = Stream(b.place.beat(PLACES), line_grow=(bus_elements.bit_length() - 1, 0))
    with b.marked(kind=Kind.SOFTMAX):
        for token in b.tokens:
            name, vector = f"{label}{b.of(token)}", Scratch(result[token])
            b.vector(f"{name}.middle", Scalar(ONE), table_row(b, MIDDLES, index=Index.TOKEN), member=token, length=1,
                     reduce=Reduce.SUM, into=_MIDDLE)
            b.vector(f"{name}.distance", Scalar(ONE), places, Scalar(_MIDDLE), grow=True, to=result[token])
            b.vector(f"{name}.beyond", vector, Source.SAME, -(STEP * (reach + 0.5))**2, grow=True,
                     function=Function.EXP2, to=result[token])
            b.vector(name, vector, -1.0, grow=True, to=result[token])
    return result
