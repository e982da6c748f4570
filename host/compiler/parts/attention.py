"""Attention over the KV cache."""

import math

from gateware.isa import CodeOrder, Function, Reduce, VECTOR_CODES
from host.compiler.builder import Scalar, Scratch, Stream
from host.compiler.kind import Kind
from host.compiler.layer_builder import ZERO
from host.compiler.parts.near import far_scores
from host.compiler.parts.norm import norm, norm_heads
from host.errors import CelosiaError

__all__ = ["attention", "attention_to_text", "keys_and_values", "rotate_pairs"]

_LOG2_E = math.log2(math.e)
_SUM, _MAX, _OFFSET, _SCALE, _INVERSE, _SHARES = 2, 4, 5, 6, 7, 8
_LEAST_SCALE = 2.0**-126
_MOST_ELEMENTS = 256
"""Of a head: its codes have one scale in the cache."""


def rotate_pairs(cosine, sine):
    """A function (b, label, vectors, length) that rotates adjacent pairs of every head: x * cosine + swapped x * signed
    sine.

    Parameters
    ----------
    cosine, sine : Vectors
        Of one head, from the table that `host.arch.rope.rope_table` makes.
    """
    def rotate(b, label, vectors, length):
        wrap = b.hyperparameters.head_dim
        scratch = b.scratchpad.take(length)[0]
        with b.marked(kind=Kind.ROPE):
            for token in b.tokens:
                address = vectors[token]
                b.vector(f"{label}{b.of(token)}.cosine", Scratch(address), Scratch(cosine[token], wrap=wrap),
                         length=length, to=scratch)
                b.vector(f"{label}{b.of(token)}.sine", Scratch(address, swap=True), Scratch(sine[token], wrap=wrap),
                         Scratch(scratch), length=length, to=address)
    return rotate


def attention(b, layer, rotate=None):
    """Grouped-query attention of the columns.

    K and V come first, so that they reach DRAM while the queries are still computed; scores wait for them. Query heads
    that share a KV head, of all tokens, go through the dot engine together, as many as there are columns; a token never
    uses the scores of later ones. In a layer with a window it uses those that `gateware.window.Window` says.

    Parameters
    ----------
    layer : str
        The tensors are ``attn_q``, ``attn_k``, ``attn_v`` and ``attn_output`` of it, with biases where the file has
        them, and ``attn_q_norm`` and ``attn_k_norm`` if it has these: norms of every head, or of all heads together.
    rotate : function of (b, label, vectors, length), optional
        Applied to keys and queries.

    Returns
    -------
    Vectors
        Which lie as the states do.

    Raises
    ------
    CelosiaError
        If a head is not possible.
    """
    key, value, query = _heads(b, "kvq")
    # All matrices before the first pass over their results, and those over queries last: the next matrix streams
    # while keys and values are finished and stored.
    _project(b, layer, {"attn_k": key, "attn_v": value, "attn_q": query})
    _finish_keys_and_values(b, layer, key, value, rotate)
    _finish_queries(b, layer, query, rotate)
    return _attended(b, layer, query)


def keys_and_values(b, layer, rotate=None):
    """Put the keys and values of the columns into the cache, for an `attention_to_text` that follows.

    Parameters
    ----------
    layer, rotate
        As for `attention`.

    Raises
    ------
    CelosiaError
        If a head is not possible.
    """
    key, value = _heads(b, "kv")
    _project(b, layer, {"attn_k": key, "attn_v": value})
    _finish_keys_and_values(b, layer, key, value, rotate)


def attention_to_text(b, layer, rotate=None, *, reach=None):
    """Attention of the columns to all positions of a text, whose keys and values are in the cache.

    Every position up to that of the group's first token, which is to be the last of the text, is fetched, and weighed
    with zero where ``reach`` says that it is not seen.

    Parameters
    ----------
    layer, rotate
        As for `attention`.
    reach : int, optional
        How far a token sees to either side.

    Returns
    -------
    Vectors
        Which lie as the states do.
    """
    query, = _heads(b, "q")
    _project(b, layer, {"attn_q": query})
    _finish_queries(b, layer, query, rotate)
    return _attended(b, layer, query, far_scores(b, f"{layer}.far", reach) if reach is not None else None)


def _heads(b, names):
    """Vectors for queries (q), keys (k) and values (v) of all tokens."""
    hp = b.hyperparameters
    _check_head(b)
    heads = {"q": hp.heads, "k": hp.kv_heads, "v": hp.kv_heads}
    return [b.scratchpad.take(heads[name] * hp.head_dim, len(b.tokens)) for name in names]


def _project(b, layer, vectors):
    for name, to in vectors.items():
        b.matrix(f"{layer}.{name}", f"{layer}.{name}.weight", to=to)


def _finish_keys_and_values(b, layer, key, value, rotate):
    """Biases, norm and rotation, and what comes of it into the cache."""
    hp = b.hyperparameters
    b.bias(f"{layer}.attn_k", f"{layer}.attn_k.bias", key)
    b.bias(f"{layer}.attn_v", f"{layer}.attn_v.bias", value)
    _norm(b, f"{layer}.attn_k_norm", key, hp.kv_heads)
    if rotate:
        rotate(b, f"{layer}.rope_k", key, hp.kv_heads * hp.head_dim)
    for token in b.tokens:
        for head in range(hp.kv_heads):
            element = 2 if b.kv_bits == 16 else 1
            where, offset = f"{layer}.kv.{head}", head * hp.head_dim
            _store(b, where, "key", key[token] + offset, token, b.place.key_row.row_bytes, element)
            _store(b, where, "value", value[token] + offset, token, element, b.cache.value_row_bytes)


def _finish_queries(b, layer, query, rotate):
    hp = b.hyperparameters
    b.bias(f"{layer}.attn_q", f"{layer}.attn_q.bias", query)
    _norm(b, f"{layer}.attn_q_norm", query, hp.heads)
    if rotate:
        rotate(b, f"{layer}.rope_q", query, hp.heads * hp.head_dim)


def _attended(b, layer, query, far=None):
    """From queries to the product of the output matrix; ``far`` is what is added to each token's scores."""
    hp, count = b.hyperparameters, len(b.tokens)
    for shared in range(hp.kv_heads):
        heads = [(token, head) for token in b.tokens
                 for head in range(shared * hp.heads_per_kv, (shared + 1) * hp.heads_per_kv)]
        for start in range(0, len(heads), b.config.dot.logical_columns):
            _queries(b, layer, shared, query, heads[start:start + b.config.dot.logical_columns], far)
    b.columns(f"{layer}.attn_output.x", query, hp.heads * hp.head_dim)
    product = b.scratchpad.take(hp.dim, count, stride=b.state.stride)
    b.linear(f"{layer}.attn_output", product)
    return product


def _seen(b, token):
    """Member of the group whose position is the last that a token sees; in an encoder that of the first is the text's
    last one."""
    return token if b.hyperparameters.causal else 0


def _norm(b, name, vectors, heads):
    """The norm of queries or keys that the file may have: with weights for a head, or for all of them together."""
    if not b.has(f"{name}.weight"):
        return
    length = heads * b.hyperparameters.head_dim
    if b.place.tensors[f"{name}.weight"].shape == (1, length):
        norm(b, name, vectors, length=length, to=vectors)
    else:
        norm_heads(b, name, vectors, heads)


def _check_head(b):
    head_dim, path = b.hyperparameters.head_dim, b.model.path
    if head_dim % b.config.vector.lanes:
        raise CelosiaError(f"{path}: head dimension must be a multiple of the {b.config.vector.lanes} vector lanes "
                           f"of configuration {b.config.name!r}, not {head_dim}")
    if head_dim > _MOST_ELEMENTS:
        raise CelosiaError(f"{path}: head dimension must be at most {_MOST_ELEMENTS}, not {head_dim}")


def _store(b, where, what, address, token, index_stride, stride):
    """K or V of a head. Codes of 16 bits bring a power of two; others are divided by their scale before.

    That scale is never zero: vectors of zeros have the least one with a reciprocal, and codes of zero.
    """
    label, of, vector, length = f"{where}.{what}", b.of(token), Scratch(address), b.hyperparameters.head_dim
    address_of = b.place.map.address
    inverse, scale = 1.0, ZERO
    with b.marked(kind=Kind.STORE):
        if b.kv_bits < 16:
            inverse, scale = Scalar(_INVERSE), _SCALE
            largest_code = (1 << b.kv_bits - 1) - 1
            b.vector(f"{label}.largest{of}", vector, length=length, reduce=Reduce.LARGEST, into=_MAX)
            b.scalar(f"{label}.scale{of}", _MAX, 1 / largest_code, _LEAST_SCALE, _SCALE)
            b.scalar(f"{label}.inverse{of}", _SCALE, 1.0, 0.0, _INVERSE, Function.RECIPROCAL)
        b.vector(f"{label}.store{of}", vector, inverse, length=length, member=token, code_bits=b.kv_bits,
                 into=scale, store_base=address_of(f"{where}.{what}"), store_index_stride=index_stride,
                 store_stride=stride, scale_base=address_of(f"{where}.{what}_scale"))


def _queries(b, layer, shared, query, heads, far):
    """Attention of query heads (token, head) that share a KV head, one a column; results in place of the queries."""
    length, place, where = b.hyperparameters.head_dim, b.place, f"{layer}.kv.{shared}"
    last = max(_seen(b, token) for token, _head in heads)
    with b.marked(kind=Kind.QUANTISE):
        for column, (token, head) in enumerate(heads):
            b.vector(f"{layer}.query.{head}{b.of(token)}", Scratch(query[token] + head * length), length=length,
                     column=column)
    scores, mixed = b.scratchpad.take_positions(len(heads), most=b.cache.most), b.scratchpad.take(length, len(heads))
    _score(b, where, scores, last, len(heads))
    with b.marked(kind=Kind.SOFTMAX):
        for column, (token, head) in enumerate(heads):
            _softmax(b, f"{layer}.softmax.{head}{b.of(token)}", where, scores[column], token, column, far)
    paired = place.value_rows < length
    beats = VECTOR_CODES * (8 if paired else b.kv_bits) // 8 // b.config.memory.bus_bytes
    values = Stream(place.beat(f"{where}.value"), lines=place.value_rows, wait=True,
                    line_stride=b.cache.value_row_bytes // b.config.memory.bus_bytes, **_grows(b, 5, beats))
    with b.marked(kind=Kind.MIX):
        b.dot(f"{where}.mix", values, place.value_row, rows=place.value_rows, vectors_grow=True, member=last,
              columns=len(heads), order=CodeOrder.ELEMENTS, paired=paired, destination=mixed[0],
              destination_stride=mixed.stride)
        for column, (token, head) in enumerate(heads):
            b.vector(f"{layer}.mix.{head}{b.of(token)}", Scratch(mixed[column]), Scalar(_SHARES + column),
                     length=length, to=query[token] + head * length)


def _score(b, where, scores, member, columns):
    """Scores of the positions up to that of a member of the group: all of them, or the sinks and the window."""
    row = b.place.key_row
    results = {"rows_grow": True, "member": member, "columns": columns, "order": CodeOrder.ELEMENTS,
               "destination": scores[0], "destination_stride": scores.stride}
    base, beats = b.place.beat(f"{where}.key"), row.beats()
    every = Stream(base, lines_grow=True, lines=1, line_beats=beats, line_stride=beats, wait=True)
    with b.marked(kind=Kind.SCORE):
        if b.window is None:
            b.dot(f"{where}.score", every, row, **results)
            return
        if b.window.sinks:
            b.dot(f"{where}.score.sinks", every, row, sinks_only=True, **results)
        b.dot(f"{where}.score", Stream(base, wait=True, **_grows(b, 0, beats)), row, **results)


def _grows(b, shift, beats):
    """How a line grows by ``beats`` bus words, a power of two unless there is a window, for ``2**shift`` positions."""
    if b.window is None:
        return {"line_grow": (shift, beats.bit_length() - 1)}
    return {"line_grow": (shift, 0), "index_stride": beats}


def _softmax(b, label, where, scores, token, column, far):
    """Weights exp(score - largest), not yet divided by their sum, times the V scales, into ``column``.

    The factor of the scores and log2(e) are one; the sum's reciprocal multiplies the mixed values later.
    """
    factor, vector = b.hyperparameters.score_scale * _LOG2_E, Scratch(scores)
    passes = {"grow": True, "member": _seen(b, token)}
    b.vector(f"{label}.scale", vector, _scales(b, f"{where}.key_scale"), 0.0 if far is None else Scratch(far[token]),
             reduce=Reduce.MAX, into=_MAX, to=scores, **passes)
    if cap := b.hyperparameters.attention_cap:
        # cap * tanh(s / cap) is 2 cap * sigmoid(2 s / cap) - cap, of which the softmax does not see the last term.
        b.vector(f"{label}.cap.exp", vector, -2 * factor / cap, function=Function.EXP2, to=scores, **passes)
        b.vector(f"{label}.cap.sigmoid", vector, 1.0, 1.0, function=Function.RECIPROCAL, reduce=Reduce.MAX, into=_MAX,
                 to=scores, **passes)
        factor = 2 * cap * _LOG2_E
    b.scalar(f"{label}.offset", _MAX, -factor, 0.0, _OFFSET)
    b.vector(f"{label}.exp", vector, factor, Scalar(_OFFSET), function=Function.EXP2, reduce=Reduce.SUM, into=_SUM,
             to=scores, **passes)
    b.scalar(f"{label}.share", _SUM, 1.0, 0.0, _SHARES + column, Function.RECIPROCAL)
    b.vector(f"{label}.weights", vector, _scales(b, f"{where}.value_scale"), column=column,
             pad=b.hyperparameters.causal and len(b.tokens) > 1, **passes)


def _scales(b, region):
    """The fp32 scales of all positions so far."""
    return Stream(b.place.beat(region), **_grows(b, (b.config.memory.bus_bytes // 4).bit_length() - 1, 1), wait=True)
