"""Parts of a transformer in float64, for the references of the architectures.

Vectors of several positions are the rows of a matrix. A part is called by the name of its tensors without ``.weight``.
"""

import numpy as np

__all__ = ["attention", "embedding", "gated_feed_forward", "linear", "output", "rms_norm", "rotate_pairs"]

_EMBEDDING = "token_embd.weight"


def embedding(ideal, ids):
    """Rows of the embedding matrix: (positions, dim)."""
    return ideal.model.tensors[_EMBEDDING].dequantise(ids, np.float64)


def linear(ideal, name, x):
    """A matrix times vectors, and its bias where there is one: (positions, columns) to (positions, rows)."""
    product = ideal.multiply(ideal.model.tensors[f"{name}.weight"], x)
    bias = ideal.model.tensors.get(f"{name}.bias")
    return product if bias is None else product + bias.dequantise(dtype=np.float64)[0]


def output(ideal, x):
    """Logits of states."""
    return ideal.multiply(ideal.model.output, x)


def rms_norm(ideal, name, x):
    """States divided by the root of their mean square, times a weight for each element."""
    mean_square = np.mean(x * x, axis=1, keepdims=True)
    weight = ideal.model.tensors[f"{name}.weight"].dequantise()[0]
    return x / np.sqrt(mean_square + ideal.hyperparameters.rms_eps) * weight


def rotate_pairs(ideal, heads):
    """RoPE of heads (heads, positions, head_dim) at the present positions: pairs (2i, 2i + 1) turn together."""
    hp = ideal.hyperparameters
    positions = np.arange(ideal.position, ideal.position + heads.shape[1])
    angles = positions[:, None] * hp.rope_frequencies()
    rotated = heads.copy()
    even, odd = heads[..., 0:hp.rope_dim:2], heads[..., 1:hp.rope_dim:2]
    rotated[..., 0:hp.rope_dim:2] = even * np.cos(angles) - odd * np.sin(angles)
    rotated[..., 1:hp.rope_dim:2] = even * np.sin(angles) + odd * np.cos(angles)
    return rotated


def attention(ideal, layer, x, *, rotate=lambda ideal, heads: heads):
    """Grouped-query attention of a layer over all positions so far; K and V of ``x`` go to the cache.

    ``rotate(ideal, heads)`` is applied to queries and keys.
    """
    hp = ideal.hyperparameters
    where = f"blk.{layer}.attn"

    def heads(name):
        """(positions, heads * head_dim) to (heads, positions, head_dim)."""
        return linear(ideal, f"{where}_{name}", x).reshape(len(x), -1, hp.head_dim).transpose(1, 0, 2)

    queries = rotate(ideal, heads("q"))
    keys, values = ideal.append(layer, rotate(ideal, heads("k")), heads("v"))
    start, stop = ideal.position, ideal.position + len(x)
    hidden = np.arange(stop) > np.arange(start, stop)[:, None]
    mixed = np.empty((len(x), hp.heads, hp.head_dim))
    for head in range(hp.heads):
        shared = head // hp.heads_per_kv
        scores = queries[head] @ keys[shared].T / np.sqrt(hp.head_dim)
        scores[hidden] = -np.inf
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        mixed[:, head] = weights @ values[shared]
    return linear(ideal, f"{where}_output", mixed.reshape(len(x), -1))


def gated_feed_forward(ideal, where, x):
    """down(silu(gate(x)) * up(x)), with the tensors ``ffn_gate``, ``ffn_up`` and ``ffn_down``."""
    gated = linear(ideal, f"{where}.ffn_gate", x)
    # exp(-gated) may overflow to infinity, which is the right limit.
    with np.errstate(over="ignore"):
        silu = gated / (1 + np.exp(-gated))
    return linear(ideal, f"{where}.ffn_down", silu * linear(ideal, f"{where}.ffn_up", x))
