"""States of a text in memory, between the programs of an encoder."""

from gateware.isa import Index
from host.compiler.builder import Memory, Scalar, Scratch, Stream
from host.compiler.kind import Kind
from host.compiler.layer_builder import ONE
from host.compiler.placement import STATES

__all__ = ["keep_states", "load_states"]


def keep_states(b):
    """Write the state of each token to the row of its position."""
    stride = b.place.state_bytes
    with b.marked(kind=Kind.STATES):
        for token in b.tokens:
            b.vector(f"states.keep{b.of(token)}", Scratch(b.state[token]), length=b.hyperparameters.dim, member=token,
                     to=Memory(b.place.map.address(STATES), index_stride=stride))


def load_states(b):
    """Read the state of each token from the row that its id names: its position, while that of the group is the last of
    the text."""
    beats = b.place.state_bytes // b.config.memory.bus_bytes
    with b.marked(kind=Kind.STATES):
        for token in b.tokens:
            row = Stream(b.place.beat(STATES), line_beats=beats, index=Index.TOKEN, index_stride=beats)
            b.vector(f"states{b.of(token)}", Scalar(ONE), row, length=b.hyperparameters.dim, member=token,
                     to=b.state[token])
