"""Programs for a group of tokens, as the parts of an architecture build them."""

from contextlib import contextmanager

from gateware.isa import VECTOR_CODES
from host.compiler.builder import ProgramBuilder, Scalar, Scratch, Stream
from host.compiler.kind import Kind
from host.compiler.scratchpad import Scratchpad

__all__ = ["LayerBuilder", "ONE", "ZERO"]

ZERO, ONE = 0, 1
"""Scalar registers: 0 is never written and reads as zero, 1 holds one. Parts use those from 2 on as they like; no part
finds there what another one has left."""

_FP32_BYTES = 4
_MOST_BEATS = (1 << 24) - 1
"""Bus words of a line of a stream."""

_MOST_LINES = _MOST_STRIDE = (1 << 16) - 1
"""Lines of a stream, and bus words from one to the next."""


class LayerBuilder(ProgramBuilder):
    """Lays a group of consecutive tokens out as passes.

    Every matrix is streamed once for the group: token t is column t. Parts (`host.compiler.parts`) are functions of a
    builder; they ask its scratchpad for vectors and append instructions.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    placement : host.compiler.placement.Placement
    context : int
        Positions of the KV cache.
    tokens : int
        Tokens of the group.
    kv_bits : int
        Bits of a code in the KV cache.
    stores_logits : bool
        Whether logits go to DRAM, not only the choice of the largest to its register.

    Attributes
    ----------
    model, config, context, kv_bits, stores_logits
    hyperparameters : host.arch.hyperparameters.Hyperparameters
    place : Placement
    tokens : range
    scratchpad : Scratchpad
    cache : LayerCache
        Of the layer that is built.
    state : Vectors
        The residual of each token: what remains from part to part, and from the program of the body to that of the
        logits.
    """

    def __init__(self, model, config, placement, context, tokens, kv_bits, *, stores_logits):
        super().__init__()
        self.model, self.hyperparameters = model, model.hyperparameters
        self.config, self.place, self.context, self.kv_bits = config, placement, context, kv_bits
        self.stores_logits, self.cache = stores_logits, None
        self.tokens = range(tokens)
        self.scratchpad = Scratchpad(context)
        dim = self.hyperparameters.dim
        # An embedding is written as whole vectors of codes.
        self.state = self.scratchpad.take(dim, tokens, tail=-dim % VECTOR_CODES, kept=True)

    @contextmanager
    def within_layer(self, layer):
        """Instructions that are appended meanwhile are marked as belonging to a layer, and see what it sees."""
        self.cache = self.place.caches[layer]
        self.window = self.cache.window
        with self.marked(layer=layer):
            yield
        self.cache = self.window = None

    def layers(self):
        """The number of every layer, one after another; meanwhile instructions are of that layer."""
        for layer in range(self.hyperparameters.layers):
            with self.within_layer(layer):
                yield layer

    def of(self, token):
        """What a label says of a token: nothing where there is one only."""
        return f".{token}" if len(self.tokens) > 1 else ""

    def ones(self):
        """Set the scalar register that holds one."""
        with self.marked(kind=Kind.EMBEDDING):
            self.scalar("one", ZERO, 1.0, 1.0, ONE)

    def has(self, name):
        """Whether the file has a tensor, be it a part of another one."""
        return name in self.place.tensors

    def numbers(self, name, *, first=0, count=None):
        """Operand: a vector of the file, or some of its elements, the first of which begins a bus word."""
        bus_bytes = self.config.memory.bus_bytes
        rows, columns = self.place.tensors[name].shape
        count = rows * columns if count is None else count
        return Stream(self.place.beat(name) + first * _FP32_BYTES // bus_bytes,
                      line_beats=-(-count * _FP32_BYTES // bus_bytes))

    def matrix(self, label, name, *, columns=None, to=None, first=0, rows=None, kind=Kind.MATRIX, **sink):
        """Stream a matrix, or some of its rows, past the columns; results to the vectors ``to`` or to ``sink``.

        A scale that the whole tensor has (`host.gguf.factors`) multiplies the results, in a pass for each token; so
        they must be vectors then.
        """
        factor = self.place.tensors[name].factor
        if factor != 1 and to is None:
            raise ValueError(f"Results of {label!r} must be vectors, for tensor {name!r} has a scale")
        row = self.place.rows[name]
        rows = rows or self.place.tensors[name].shape[0]
        if to is not None:
            sink = {"destination": to[0], "destination_stride": to.stride}
        lines = _lines(row.beats(rows))
        beats = row.beats(rows) // lines
        stream = Stream(self.place.beat(name) + row.beats(first), lines=lines, line_beats=beats,
                        line_stride=beats if lines > 1 else 0)
        with self.marked(kind=kind):
            self.dot(label, stream, row, rows=rows, columns=columns or len(self.tokens), **sink)
            if factor != 1:
                for token in self.tokens:
                    self.vector(f"{label}.scale{self.of(token)}", Scratch(to[token]), factor, length=rows, to=to[token])

    def bias(self, label, name, to, *, first=0, rows=None):
        """Add a vector of the file, where it has one of that name, to some of the vectors ``to``: a pass for each."""
        if not self.has(name):
            return
        rows = rows or self.place.tensors[name].shape[1]
        with self.marked(kind=Kind.BIAS):
            for token in self.tokens:
                self.vector(f"{label}.bias{self.of(token)}", Scalar(ONE), self.numbers(name, first=first, count=rows),
                            Scratch(to[token]), length=rows, to=to[token])

    def linear(self, label, to):
        """Multiply a matrix with the columns and add its bias, if there is one; the tensors have the label's name."""
        self.matrix(label, f"{label}.weight", to=to)
        self.bias(label, f"{label}.bias", to)

    def columns(self, label, vectors, length):
        """Put a vector of each token into its column."""
        with self.marked(kind=Kind.QUANTISE):
            for token in self.tokens:
                self.vector(f"{label}{self.of(token)}", Scratch(vectors[token]), length=length, column=token)

    def span(self, vectors, length):
        """Elements of a pass over the vectors of all tokens, with the gaps that alignment leaves between them."""
        return (len(self.tokens) - 1) * vectors.stride + length

    def finish(self):
        """End the program and give its vectors their place.

        Returns
        -------
        list of Instruction, int
            The program, and the elements of scratchpad that it needs.
        """
        self.end()
        return self.scratchpad.place(self.program)


def _lines(beats):
    """As few equal lines, one behind the other, as are needed for so many bus words; 1 if there are none."""
    if beats <= _MOST_BEATS:
        return 1
    fewest = -(-beats // _MOST_STRIDE)
    return next((lines for lines in range(fewest, _MOST_LINES + 1) if beats % lines == 0), 1)
