"""Parts of a transformer in float64, for the references of the architectures.

Vectors of several positions are the rows of a matrix. A part is called by the name of its tensors without ``.weight``;
which rows of which tensor of the file these are, the model knows.
"""

import math

import numpy as np

from host.arch.choices import Activation, NormKind

__all__ = ["attention", "block", "embedding", "feed_forward", "linear", "norm", "output"]

_EMBEDDING = "token_embd.weight"
_POSITIONS = "position_embd.weight"
_TYPES = "token_types.weight"


def _erf(x):
    return np.frompyfunc(math.erf, 1, 1)(x).astype(np.float64)


def _silu(x):
    # exp(-x) may overflow to infinity, which is the right limit.
    with np.errstate(over="ignore"):
        return x / (1 + np.exp(-x))


_ACTIVATIONS = {
    Activation.SILU: _silu,
    Activation.GELU_TANH: lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    Activation.GELU_ERF: lambda x: x / 2 * (1 + _erf(x / math.sqrt(2))),
    Activation.RELU: lambda x: np.maximum(x, 0),
    Activation.SQUARED_RELU: lambda x: np.maximum(x, 0)**2,
}


def embedding(ideal, ids):
    """States of tokens: rows of the embedding matrix times a factor, and where the file has them the vector of each
    position, that of the first type of tokens, and a norm over all that; (positions, dim)."""
    tensors, present = ideal.model.tensors, slice(ideal.position, ideal.position + len(ids))
    x = tensors[_EMBEDDING].dequantise(ids, np.float64) * ideal.hyperparameters.embedding_scale
    for name, rows in ((_POSITIONS, present), (_TYPES, slice(1))):
        if name in tensors:
            x = x + tensors[name].dequantise(rows, np.float64)
    return _norm_if_any(ideal, "token_embd_norm", x)


def linear(ideal, name, x):
    """A matrix times vectors, and its bias where there is one: (positions, columns) to (positions, rows)."""
    matrix, bias = ideal.model.part(f"{name}.weight"), ideal.model.part(f"{name}.bias")
    product = ideal.multiply(matrix.tensor, x, matrix.slice)
    return product if bias is None else product + bias.tensor.dequantise(dtype=np.float64)[0, bias.slice]


def output(ideal, x):
    """Logits of states."""
    hp, bias = ideal.hyperparameters, ideal.model.tensors.get("output.bias")
    logits = ideal.multiply(ideal.model.output, x)
    if bias is not None:
        logits = logits + bias.dequantise(dtype=np.float64)
    return _capped(logits * hp.logit_scale, hp.logit_cap)


def norm(ideal, name, x):
    """Vectors (..., elements) normalised: the last axis, or as many elements of it as the norm has weights.

    Where each head has weights of its own, x is (heads, positions, elements).
    """
    hp, tensors = ideal.hyperparameters, ideal.model.tensors
    weight, bias = tensors[f"{name}.weight"], tensors.get(f"{name}.bias")
    if hp.norm == NormKind.LAYER:
        x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + hp.norm_eps)
    gain = weight.dequantise(dtype=np.float64)
    x = x * (gain[0] if len(gain) == 1 else gain[:, None])
    return x if bias is None else x + bias.dequantise(dtype=np.float64)[0]


def _norm_if_any(ideal, name, x):
    """Vectors as they are if the file has no such norm."""
    return norm(ideal, name, x) if f"{name}.weight" in ideal.model.tensors else x


def _rotated(ideal, rope, heads):
    """RoPE of heads (heads, positions, head_dim) at the present positions."""
    numbers = np.arange(ideal.position, ideal.position + heads.shape[1])
    angles = numbers[:, None] * rope.frequencies(ideal.context)
    cosine, sine = np.cos(angles) * rope.magnitude, np.sin(angles) * rope.magnitude
    half = rope.dim // 2
    first, second = slice(0, rope.dim, 2), slice(1, rope.dim, 2)
    if rope.halves:
        first, second = slice(half), slice(half, rope.dim)
    rotated, one, other = heads.copy(), heads[..., first], heads[..., second]
    rotated[..., first] = one * cosine - other * sine
    rotated[..., second] = one * sine + other * cosine
    return rotated


def attention(ideal, layer, x):
    """Grouped-query attention of a layer over all positions so far; K and V of ``x`` go to the cache."""
    hp, where = ideal.hyperparameters, f"blk.{layer}.attn"
    rope = hp.kind(layer).rope

    def heads(name):
        """(positions, heads * head_dim) to (heads, positions, head_dim), normalised and rotated."""
        vectors, full = linear(ideal, f"{where}_{name}", x), f"{where}_{name}_norm"
        weight = None if name == "v" else ideal.model.tensors.get(f"{full}.weight")
        whole = weight is not None and weight.shape == (1, vectors.shape[1])
        if whole:
            vectors = norm(ideal, full, vectors)
        split = vectors.reshape(len(x), -1, hp.head_dim).transpose(1, 0, 2)
        if weight is not None and not whole:
            split = norm(ideal, full, split)
        return _rotated(ideal, rope, split) if rope and name != "v" else split

    queries = heads("q")
    keys, values = ideal.append(layer, heads("k"), heads("v"))
    hidden = _hidden(hp, hp.kind(layer), ideal.position, len(x))
    mixed = np.empty((len(x), hp.heads, hp.head_dim))
    for head in range(hp.heads):
        shared = head // hp.heads_per_kv
        scores = _capped(queries[head] @ keys[shared].T * hp.score_scale, hp.attention_cap)
        scores[hidden] = -np.inf
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        mixed[:, head] = weights @ values[shared]
    return linear(ideal, f"{where}_output", mixed.reshape(len(x), -1))


def _hidden(hp, kind, start, count):
    """Which positions the present ones do not see: bool (count, start + count)."""
    window = kind.window
    before = np.arange(start, start + count)[:, None] - np.arange(start + count)
    if not hp.causal:
        return np.abs(before) > (start + count if window is None else window // 2)
    left = (before >= (start + count if window is None else window)) & (np.arange(start + count) >= kind.sinks)
    return (before < 0) | left


def _capped(x, cap):
    return x if cap is None else cap * np.tanh(x / cap)


def feed_forward(ideal, where, x):
    """down(activation(gate(x)) * up(x)), or down(activation(up(x))), with ``ffn_gate``, ``ffn_up`` and ``ffn_down``."""
    hp, activation = ideal.hyperparameters, _ACTIVATIONS[ideal.hyperparameters.activation]
    up = linear(ideal, f"{where}.ffn_up", x)
    hidden = activation(linear(ideal, f"{where}.ffn_gate", x)) * up if hp.gated else activation(up)
    return linear(ideal, f"{where}.ffn_down", hidden)


def block(ideal, layer, x):
    """States after a block: attention and the feed-forward network, each with the norms before and behind that the file
    has, are added to them."""
    hp, where = ideal.hyperparameters, f"blk.{layer}"
    seen = _norm_if_any(ideal, f"{where}.attn_norm", x)
    attended = _norm_if_any(ideal, f"{where}.post_attention_norm", attention(ideal, layer, seen)) * hp.residual_scale
    if not hp.parallel:
        seen = x + attended
    elif f"{where}.ffn_norm.weight" in ideal.model.tensors:
        seen = x
    fed = feed_forward(ideal, where, _norm_if_any(ideal, f"{where}.ffn_norm", seen))
    return x + attended + _norm_if_any(ideal, f"{where}.post_ffw_norm", fed) * hp.residual_scale
