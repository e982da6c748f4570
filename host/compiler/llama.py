"""The program of one token of a llama model."""

import math

from gateware.isa import CodeOrder, Function, Index, Reduce, Sink, Source
from host.compiler.builder import ProgramBuilder, Scalar, Scratch, Stream

__all__ = ["LlamaCompiler"]

_LOG2_E = math.log2(math.e)

# Scalar registers. Register 0 is never written and reads as zero.
_ZERO, _ONE, _SUM, _ROOT, _MAX, _OFFSET, _SHARES = 0, 1, 2, 3, 4, 5, 8


class LlamaCompiler:
    """Lays one token out as passes.

    K and V come first, so that they reach DRAM while the query is still computed; scores wait for them.
    Query heads that share a KV head go through the dot engine together, as many as there are columns.

    Parameters
    ----------
    model : host.gguf_model.Model
    config : gateware.config.Config
    context : int
    placement : host.compiler.placement.Placement
    scratchpad : host.compiler.scratchpad_map.ScratchpadMap
    """

    def __init__(self, model, config, context, placement, scratchpad):
        self._model = model
        self._hp = model.hyperparameters
        self._config = config
        self._place = placement
        self._pad = scratchpad
        self._b = ProgramBuilder()

    def compile(self):
        """The list of instructions."""
        hp, pad, b = self._hp, self._pad, self._b
        b.scalar("one", _ZERO, 1.0, 1.0, _ONE)
        self._embed()
        rope = self._place.rope_bytes(hp) // self._config.bus_bytes
        for label, address, part in (("rope.cosine", pad.cosine, 0), ("rope.sine", pad.sine, 1)):
            self._load_rope(label, address, part, rope)
        for layer in range(hp.layers):
            self._attention(f"blk.{layer}")
            self._feed_forward(f"blk.{layer}")
        self._norm("output_norm")
        self._matrix("output", self._model.output.name, sink=Sink.ARGMAX,
                     store_base=self._place.map.address("logits"))
        b.end()
        return b.program

    def _embed(self):
        name = "token_embd.weight"
        row = self._place.rows[name]
        self._b.dot("token_embd", Stream(self._place.beat(name), line_beats=row.beats, index=Index.TOKEN,
                                         index_stride=row.beats),
                    row, rows=1, expand=True, destination=self._pad.residual)

    def _load_rope(self, label, address, part, stride):
        """One half of this position's row of the rope table."""
        beats = stride // 2
        self._b.vector(label, Scalar(_ONE), Stream(self._place.beat("rope") + part * beats, line_beats=beats,
                                                   index=Index.POSITION, index_stride=stride),
                       length=self._hp.head_dim, to=address)

    def _matrix(self, label, name, **sink):
        row, rows = self._place.rows[name], self._model.tensors[name].shape[0]
        self._b.dot(label, Stream(self._place.beat(name), line_beats=rows * row.beats), row, rows=rows, **sink)

    def _norm(self, name):
        """RMSNorm of the residual into column 0."""
        dim, pad, b = self._hp.dim, self._pad, self._b
        beats = -(-dim * 4 // self._config.bus_bytes)
        b.vector(f"{name}.square", Scratch(pad.residual), Source.SAME, length=dim, reduce=Reduce.SUM, into=_SUM)
        b.scalar(f"{name}.root", _SUM, 1 / dim, self._hp.rms_eps, _ROOT, Function.RSQRT)
        b.vector(f"{name}.scale", Scratch(pad.residual), Scalar(_ROOT), length=dim, to=pad.scratch)
        b.vector(name, Scratch(pad.scratch), Stream(self._place.beat(f"{name}.weight"), line_beats=beats),
                 length=dim, column=0)

    def _rope(self, label, address, length):
        """Rotate adjacent pairs of every head: x * cosine + swapped x * signed sine."""
        pad, wrap = self._pad, self._hp.head_dim
        self._b.vector(f"{label}.cosine", Scratch(address), Scratch(pad.cosine, wrap=wrap), length=length,
                       to=pad.scratch)
        self._b.vector(f"{label}.sine", Scratch(address, swap=True), Scratch(pad.sine, wrap=wrap),
                       Scratch(pad.scratch), length=length, to=address)

    def _attention(self, layer):
        hp, pad, b = self._hp, self._pad, self._b
        self._norm(f"{layer}.attn_norm")
        self._matrix(f"{layer}.attn_k", f"{layer}.attn_k.weight", destination=pad.key)
        self._matrix(f"{layer}.attn_v", f"{layer}.attn_v.weight", destination=pad.value)
        self._rope(f"{layer}.rope_k", pad.key, hp.kv_heads * hp.head_dim)
        for head in range(hp.kv_heads):
            self._store(f"{layer}.kv.{head}", "key", pad.key + head * hp.head_dim,
                        self._place.key_row.row_bytes, 2)
            self._store(f"{layer}.kv.{head}", "value", pad.value + head * hp.head_dim,
                        2, self._place.value_row.row_bytes)
        self._matrix(f"{layer}.attn_q", f"{layer}.attn_q.weight", destination=pad.query)
        self._rope(f"{layer}.rope_q", pad.query, hp.heads * hp.head_dim)
        for start in range(0, hp.heads, hp.group):
            for first in range(start, start + hp.group, self._config.logical_columns):
                self._heads(layer, first, min(self._config.logical_columns, start + hp.group - first))
        b.vector(f"{layer}.attn_output.x", Scratch(pad.attention), length=hp.heads * hp.head_dim, column=0)
        self._add_matrix(f"{layer}.attn_output")

    def _store(self, where, what, address, index_stride, stride):
        self._b.vector(f"{where}.{what}.store", Scratch(address), length=self._hp.head_dim,
                       store_base=self._place.map.address(f"{where}.{what}"), store_index_stride=index_stride,
                       store_stride=stride, scale_base=self._place.map.address(f"{where}.{what}_scale"))

    def _heads(self, layer, first, count):
        """Attention of ``count`` query heads that share a KV head."""
        hp, pad, b, place = self._hp, self._pad, self._b, self._place
        where = f"{layer}.kv.{first // hp.group}"
        heads = range(first, first + count)
        scores = [pad.scores + index * pad.score_stride for index in range(count)]
        for column, head in enumerate(heads):
            b.vector(f"{layer}.query.{head}", Scratch(pad.query + head * hp.head_dim), length=hp.head_dim,
                     column=column)
        row = place.key_row
        b.dot(f"{where}.score", Stream(place.beat(f"{where}.key"), lines_grow=True, lines=1, line_beats=row.beats,
                                       line_stride=row.beats, wait=True),
              row, rows_grow=True, columns=count, order=CodeOrder.ELEMENTS, destination=pad.scores,
              destination_stride=pad.score_stride)
        for column, head in enumerate(heads):
            self._softmax(f"{layer}.softmax.{head}", where, scores[column], column)
        row = place.value_row
        b.dot(f"{where}.mix", Stream(
            place.beat(f"{where}.value"), lines=hp.head_dim, line_stride=row.beats, wait=True,
            line_grow=(5, (64 // self._config.bus_bytes).bit_length() - 1)),
            row, rows=hp.head_dim, vectors_grow=True, columns=count, order=CodeOrder.ELEMENTS,
            destination=pad.scratch, destination_stride=hp.head_dim)
        for column, head in enumerate(heads):
            b.vector(f"{layer}.mix.{head}", Scratch(pad.scratch + column * hp.head_dim), Scalar(_SHARES + column),
                     length=hp.head_dim, to=pad.attention + head * hp.head_dim)

    def _softmax(self, label, where, scores, column):
        """Weights exp(score - largest), not yet divided by their sum, times the V scales, into ``column``.

        1/sqrt(head_dim) and log2(e) are one factor; the sum's reciprocal multiplies the mixed values later.
        """
        factor = _LOG2_E / math.sqrt(self._hp.head_dim)
        b, vector = self._b, Scratch(scores)
        b.vector(f"{label}.scale", vector, self._scales(f"{where}.key_scale"), grow=True, reduce=Reduce.MAX,
                 into=_MAX, to=scores)
        b.scalar(f"{label}.offset", _MAX, -factor, 0.0, _OFFSET)
        b.vector(f"{label}.exp", vector, factor, Scalar(_OFFSET), grow=True, function=Function.EXP2,
                 reduce=Reduce.SUM, into=_SUM, to=scores)
        b.scalar(f"{label}.share", _SUM, 1.0, 0.0, _SHARES + column, Function.RECIPROCAL)
        b.vector(f"{label}.weights", vector, self._scales(f"{where}.value_scale"), grow=True, column=column)

    def _scales(self, region):
        """The fp32 scales of all positions so far."""
        return Stream(self._place.beat(region), line_grow=((self._config.bus_bytes // 4).bit_length() - 1, 0),
                      wait=True)

    def _add_matrix(self, label):
        """Residual += matrix times column 0."""
        pad = self._pad
        self._matrix(label, f"{label}.weight", destination=pad.scratch)
        self._b.vector(f"{label}.add", Scratch(pad.scratch), 1.0, Scratch(pad.residual), length=self._hp.dim,
                       to=pad.residual)

    def _feed_forward(self, layer):
        """down(silu(gate) * up), silu(g) = g / (1 + 2**(-g * log2(e)))."""
        pad, b, ffn = self._pad, self._b, self._hp.ffn
        self._norm(f"{layer}.ffn_norm")
        self._matrix(f"{layer}.ffn_gate", f"{layer}.ffn_gate.weight", destination=pad.gate)
        self._matrix(f"{layer}.ffn_up", f"{layer}.ffn_up.weight", destination=pad.up)
        gate, scratch = Scratch(pad.gate), Scratch(pad.scratch)
        b.vector(f"{layer}.silu.exp", gate, -_LOG2_E, length=ffn, function=Function.EXP2, to=pad.scratch)
        b.vector(f"{layer}.silu.sigmoid", scratch, 1.0, 1.0, length=ffn, function=Function.RECIPROCAL, to=pad.scratch)
        b.vector(f"{layer}.silu", gate, scratch, length=ffn, to=pad.scratch)
        b.vector(f"{layer}.silu.up", scratch, Scratch(pad.up), length=ffn, column=0)
        self._add_matrix(f"{layer}.ffn_down")
