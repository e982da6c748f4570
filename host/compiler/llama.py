"""The programs of a llama model."""

import math

from gateware.isa import CodeOrder, Function, Index, Reduce, Sink, Source, VECTOR_CODES
from host.compiler.builder import ProgramBuilder, Scalar, Scratch, Stream
from host.compiler.placement import EMBEDDING

__all__ = ["LlamaCompiler"]

_LOG2_E = math.log2(math.e)

# Scalar registers. Register 0 is never written and reads as zero.
_ZERO, _ONE, _SUM, _ROOT, _MAX, _OFFSET, _SCALE, _INVERSE, _SHARES = 0, 1, 2, 3, 4, 5, 6, 7, 8

_LEAST_SCALE = 2.0**-126


class LlamaCompiler:
    """Lays a group of consecutive tokens out as passes.

    Every matrix is streamed once for the group: token t is column t. K and V come first, so that they reach DRAM while
    the queries are still computed; scores wait for them. Query heads that share a KV head, of all tokens, go through
    the dot engine together, as many as there are columns; a token never uses the scores of later ones.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    placement : host.compiler.placement.Placement
    scratchpad : host.compiler.scratchpad_map.ScratchpadMap
    tokens : int
        Tokens of the group.
    kv_bits : int
        Bits of a code in the KV cache.
    """

    def __init__(self, model, config, placement, scratchpad, tokens, kv_bits):
        self._model = model
        self._hp = model.hyperparameters
        self._config = config
        self._place = placement
        self._pad = scratchpad
        self._tokens = range(tokens)
        self._kv_bits = kv_bits
        self._b = ProgramBuilder()

    def finish(self):
        """End the program and return its instructions."""
        self._b.end()
        return self._b.program

    def body(self):
        """Everything from the token ids to the residual after the last layer."""
        self._b.scalar("one", _ZERO, 1.0, 1.0, _ONE)
        self._embed()
        self._load_rope()
        for layer in range(self._hp.layers):
            self._attention(f"blk.{layer}")
            self._feed_forward(f"blk.{layer}")
        return self

    def logits(self, tokens):
        """Logits and argmax of some tokens of the group; the first of them is column 0."""
        for column, token in enumerate(tokens):
            self._norm("output_norm", token, column)
        self._matrix("output", self._model.output.name, columns=len(tokens), sink=Sink.ARGMAX,
                     store_base=self._place.map.address("logits"), destination_stride=self._hp.vocab)
        return self

    def _embed(self):
        name = EMBEDDING
        row = self._place.rows[name]
        length = row.words if row.packed else row.beats()
        for token in self._tokens:
            stream = Stream(self._place.beat(name), line_beats=length, index=Index.TOKEN, index_stride=length)
            self._b.dot(f"token_embd{self._of(token)}", stream, row, rows=1, expand=True, member=token,
                        destination=self._pad.residual[token])

    def _load_rope(self):
        """This position's row of the rope table: a half of cosines, a half of sines."""
        table = self._place.tables["rope"]
        bus_bytes = self._config.memory.bus_bytes
        stride = table.row_bytes(bus_bytes) // bus_bytes
        beats = stride // 2
        for token in self._tokens:
            for name, vectors, part in (("cosine", self._pad.cosine, 0), ("sine", self._pad.sine, 1)):
                stream = Stream(self._place.beat("rope") + part * beats, line_beats=beats, index=Index.POSITION,
                                index_stride=stride)
                self._b.vector(f"rope.{name}{self._of(token)}", Scalar(_ONE), stream, member=token,
                               length=self._hp.head_dim, to=vectors[token])

    def _of(self, token):
        """What a label says of a token: nothing where there is one only."""
        return f".{token}" if len(self._tokens) > 1 else ""

    def _matrix(self, label, name, *, columns=None, to=None, first=0, rows=None, **sink):
        """Stream a matrix, or some of its rows, past the columns; results to the vectors ``to`` or to ``sink``."""
        row = self._place.rows[name]
        rows = rows or self._model.tensors[name].shape[0]
        if to is not None:
            sink = {"destination": to[0], "destination_stride": to.stride}
        stream = Stream(self._place.beat(name) + row.beats(first), line_beats=row.beats(rows))
        self._b.dot(label, stream, row, rows=rows, columns=columns or len(self._tokens), **sink)

    def _norm(self, name, token, column):
        """RMSNorm of a token's residual into a column."""
        dim, b = self._hp.dim, self._b
        residual, scratch = Scratch(self._pad.residual[token]), self._pad.work
        label = f"{name}{self._of(token)}"
        beats = -(-dim * 4 // self._config.memory.bus_bytes)
        b.vector(f"{label}.square", residual, Source.SAME, length=dim, reduce=Reduce.SUM, into=_SUM)
        b.scalar(f"{label}.root", _SUM, 1 / dim, self._hp.rms_eps, _ROOT, Function.RSQRT)
        b.vector(f"{label}.scale", residual, Scalar(_ROOT), length=dim, to=scratch)
        b.vector(label, Scratch(scratch), Stream(self._place.beat(f"{name}.weight"), line_beats=beats), length=dim,
                 column=column)

    def _rope(self, label, vectors, length):
        """Rotate adjacent pairs of every head: x * cosine + swapped x * signed sine."""
        pad, wrap = self._pad, self._hp.head_dim
        for token in self._tokens:
            address, scratch = vectors[token], pad.work
            self._b.vector(f"{label}{self._of(token)}.cosine", Scratch(address),
                           Scratch(pad.cosine[token], wrap=wrap), length=length, to=scratch)
            self._b.vector(f"{label}{self._of(token)}.sine", Scratch(address, swap=True),
                           Scratch(pad.sine[token], wrap=wrap), Scratch(scratch), length=length, to=address)

    def _attention(self, layer):
        hp, pad, b = self._hp, self._pad, self._b
        for token in self._tokens:
            self._norm(f"{layer}.attn_norm", token, token)
        self._matrix(f"{layer}.attn_k", f"{layer}.attn_k.weight", to=pad.key)
        self._matrix(f"{layer}.attn_v", f"{layer}.attn_v.weight", to=pad.value)
        self._matrix(f"{layer}.attn_q", f"{layer}.attn_q.weight", to=pad.query)
        self._rope(f"{layer}.rope_k", pad.key, hp.kv_heads * hp.head_dim)
        for token in self._tokens:
            for head in range(hp.kv_heads):
                offset, place = head * hp.head_dim, self._place
                element = 2 if self._kv_bits == 16 else 1
                self._store(f"{layer}.kv.{head}", "key", pad.key[token] + offset, token,
                            place.key_row.row_bytes, element)
                self._store(f"{layer}.kv.{head}", "value", pad.value[token] + offset, token,
                            element, place.value_row_bytes)
        self._rope(f"{layer}.rope_q", pad.query, hp.heads * hp.head_dim)
        for shared in range(hp.kv_heads):
            queries = [(token, head) for token in self._tokens
                       for head in range(shared * hp.group, (shared + 1) * hp.group)]
            for start in range(0, len(queries), self._config.dot.logical_columns):
                self._queries(layer, shared, queries[start:start + self._config.dot.logical_columns])
        for token in self._tokens:
            b.vector(f"{layer}.attn_output.x{self._of(token)}", Scratch(pad.query[token]),
                     length=hp.heads * hp.head_dim, column=token)
        self._add_matrix(f"{layer}.attn_output", pad.product)

    def _store(self, where, what, address, token, index_stride, stride):
        """K or V of a head. Codes of 16 bits bring a power of two; others are divided by their scale before.

        That scale is never zero: vectors of zeros have the least one with a reciprocal, and codes of zero.
        """
        b, address_of = self._b, self._place.map.address
        label, of, vector, length = f"{where}.{what}", self._of(token), Scratch(address), self._hp.head_dim
        inverse, scale = 1.0, _ZERO
        if self._kv_bits < 16:
            inverse, scale = Scalar(_INVERSE), _SCALE
            largest_code = (1 << self._kv_bits - 1) - 1
            b.vector(f"{label}.largest{of}", vector, length=length, reduce=Reduce.LARGEST, into=_MAX)
            b.scalar(f"{label}.scale{of}", _MAX, 1 / largest_code, _LEAST_SCALE, _SCALE)
            b.scalar(f"{label}.inverse{of}", _SCALE, 1.0, 0.0, _INVERSE, Function.RECIPROCAL)
        b.vector(f"{label}.store{of}", vector, inverse, length=length, member=token, code_bits=self._kv_bits,
                 into=scale, store_base=address_of(f"{where}.{what}"), store_index_stride=index_stride,
                 store_stride=stride, scale_base=address_of(f"{where}.{what}_scale"))

    def _queries(self, layer, shared, queries):
        """Attention of queries, (token, head), that share a KV head, one per column."""
        hp, pad, b, place = self._hp, self._pad, self._b, self._place
        where = f"{layer}.kv.{shared}"
        last = max(token for token, _head in queries)
        for column, (token, head) in enumerate(queries):
            b.vector(f"{layer}.query.{head}{self._of(token)}", Scratch(pad.query[token] + head * hp.head_dim),
                     length=hp.head_dim, column=column)
        row = place.key_row
        b.dot(f"{where}.score", Stream(place.beat(f"{where}.key"), lines_grow=True, lines=1, line_beats=row.beats(),
                                       line_stride=row.beats(), wait=True),
              row, rows_grow=True, member=last, columns=len(queries), order=CodeOrder.ELEMENTS,
              destination=pad.scores[0], destination_stride=pad.scores.stride)
        for column, (token, head) in enumerate(queries):
            self._softmax(f"{layer}.softmax.{head}{self._of(token)}", where, token, column)
        paired = place.value_rows < hp.head_dim
        vector_bytes = VECTOR_CODES * (8 if paired else self._kv_bits) // 8
        b.dot(f"{where}.mix", Stream(
            place.beat(f"{where}.value"), lines=place.value_rows, wait=True,
            line_stride=place.value_row_bytes // self._config.memory.bus_bytes,
            line_grow=(5, (vector_bytes // self._config.memory.bus_bytes).bit_length() - 1)),
            place.value_row, rows=place.value_rows, vectors_grow=True, member=last, columns=len(queries),
            order=CodeOrder.ELEMENTS, paired=paired,
            destination=pad.mixed[0], destination_stride=pad.mixed.stride)
        for column, (token, head) in enumerate(queries):
            b.vector(f"{layer}.mix.{head}{self._of(token)}", Scratch(pad.mixed[column]),
                     Scalar(_SHARES + column), length=hp.head_dim, to=pad.query[token] + head * hp.head_dim)

    def _softmax(self, label, where, token, column):
        """Weights exp(score - largest), not yet divided by their sum, times the V scales, into ``column``.

        1/sqrt(head_dim) and log2(e) are one factor; the sum's reciprocal multiplies the mixed values later.
        """
        factor = _LOG2_E / math.sqrt(self._hp.head_dim)
        b, scores = self._b, self._pad.scores[column]
        vector = Scratch(scores)
        b.vector(f"{label}.scale", vector, self._scales(f"{where}.key_scale"), grow=True, member=token,
                 reduce=Reduce.MAX, into=_MAX, to=scores)
        b.scalar(f"{label}.offset", _MAX, -factor, 0.0, _OFFSET)
        b.vector(f"{label}.exp", vector, factor, Scalar(_OFFSET), grow=True, member=token, function=Function.EXP2,
                 reduce=Reduce.SUM, into=_SUM, to=scores)
        b.scalar(f"{label}.share", _SUM, 1.0, 0.0, _SHARES + column, Function.RECIPROCAL)
        b.vector(f"{label}.weights", vector, self._scales(f"{where}.value_scale"), grow=True, member=token,
                 column=column, pad=len(self._tokens) > 1)

    def _scales(self, region):
        """The fp32 scales of all positions so far."""
        return Stream(self._place.beat(region), line_grow=((self._config.memory.bus_bytes // 4).bit_length() - 1, 0),
                      wait=True)

    def _span(self, vectors, length):
        """Elements of a pass over the vectors of all tokens, with the gaps that alignment leaves between them."""
        return (len(self._tokens) - 1) * vectors.stride + length

    def _add_matrix(self, label, product):
        """Residual += matrix times columns, by way of the vectors ``product``, for all tokens in one pass."""
        residual = self._pad.residual
        self._matrix(label, f"{label}.weight", to=product)
        self._b.vector(f"{label}.add", Scratch(product[0]), 1.0, Scratch(residual[0]),
                       length=self._span(residual, self._hp.dim), to=residual[0])

    def _feed_forward(self, layer):
        """down(silu(gate) * up), in chunks of rows: each goes through silu while the next one streams."""
        pad, b, ffn = self._pad, self._b, self._hp.ffn
        for token in self._tokens:
            self._norm(f"{layer}.ffn_norm", token, token)
        chunks = [(first, min(pad.chunk, ffn - first)) for first in range(0, ffn, pad.chunk)]
        before = None
        for index, (first, rows) in enumerate(chunks):
            part = f".{index}" if len(chunks) > 1 else ""
            gate, up = pad.gate[index % 2], pad.up[index % 2]
            self._matrix(f"{layer}.ffn_gate{part}", f"{layer}.ffn_gate.weight", to=gate, first=first, rows=rows)
            if before:
                self._silu(*before)
            self._matrix(f"{layer}.ffn_up{part}", f"{layer}.ffn_up.weight", to=up, first=first, rows=rows)
            before = f"{layer}.silu{part}", gate, up, first, rows
        self._silu(*before)
        for token in self._tokens:
            b.vector(f"{layer}.ffn_down.x{self._of(token)}", Scratch(pad.hidden[token]), length=ffn, column=token)
        self._add_matrix(f"{layer}.ffn_down", pad.ffn_product)

    def _silu(self, label, gate, up, first, rows):
        """Some elements of silu(gate) * up, silu(g) = g / (1 + 2**(-g * log2(e))), all tokens in one pass."""
        pad, b = self._pad, self._b
        length, silu = self._span(gate, rows), pad.silu
        b.vector(f"{label}.exp", Scratch(gate[0]), -_LOG2_E, length=length, function=Function.EXP2, to=silu[0])
        b.vector(f"{label}.sigmoid", Scratch(silu[0]), 1.0, 1.0, length=length, function=Function.RECIPROCAL,
                 to=silu[0])
        b.vector(label, Scratch(gate[0]), Scratch(silu[0]), length=length, to=silu[0])
        for token in self._tokens:
            b.vector(f"{label}.up{self._of(token)}", Scratch(silu[token]), Scratch(up[token]), length=rows,
                     to=pad.hidden[token] + first)
