"""The ideal: a llama forward pass in float64 on the weights as the file has them."""

import numpy as np

from host.errors import CelosiaError

__all__ = ["FloatEngine"]

_CHUNK_BYTES = 1 << 22


class FloatEngine:
    """NumPy float64 forward pass with a KV cache, the reference that the other engines are compared with.

    Every operation is float64: nothing is rounded to a smaller type, weights are what ggml dequantises.
    Rotary embedding turns adjacent pairs (2i, 2i + 1) of each head. Positions are computed together as far
    as memory goes: attention needs one (positions, length) matrix per query head, one head at a time.

    Parameters
    ----------
    model : host.gguf.model.Model
    context : int, optional
        Positions of the KV cache; the model's own context by default.
    weight_bytes : int
        Dequantised matrices are kept up to this many bytes in all; the rest is dequantised at every use.

    Attributes
    ----------
    context : int
    position : int
        Tokens in the KV cache.

    Raises
    ------
    CelosiaError
        If `context` is larger than the model's.
    """

    def __init__(self, model, context=None, *, weight_bytes=1 << 29):
        hp = model.hyperparameters
        context = hp.context if context is None else context
        if not 0 < context <= hp.context:
            raise CelosiaError(f"{model.path}: context must be 1 to {hp.context}, not {context}")
        self.model = model
        self.context = context
        self.position = 0
        self._hp = hp
        self._frequencies = hp.rope_frequencies()
        self._kept = self._choose_kept(weight_bytes)
        # Grown as positions come: a context may be far longer than any text.
        self._keys = np.empty((hp.layers, hp.kv_heads, 0, hp.head_dim))
        self._values = np.empty_like(self._keys)

    def reset(self):
        """Empty the KV cache."""
        self.position = 0

    def step(self, token):
        """Append one token and return the logits of the next: float64, shape (vocab,)."""
        return self.extend([token])[0]

    def logits(self, ids):
        """Logits of every position of a sequence that starts at position 0; leaves it in the KV cache.

        Parameters
        ----------
        ids : sequence of int

        Returns
        -------
        numpy.ndarray
            float64, shape (len(ids), vocab).
        """
        self.reset()
        return self.extend(ids)

    def extend(self, ids):
        """Append tokens to the KV cache.

        Parameters
        ----------
        ids : sequence of int

        Returns
        -------
        numpy.ndarray
            float64, shape (len(ids), vocab): the logits after each of them.

        Raises
        ------
        CelosiaError
            If an id is outside the vocabulary or the context is full; the cache is then as before.
        """
        ids = np.asarray(ids, dtype=np.int64).reshape(-1)
        if ids.size and not (0 <= ids.min() and ids.max() < self._hp.vocab):
            bad = ids[(ids < 0) | (ids >= self._hp.vocab)][0]
            raise CelosiaError(f"Token id must be below {self._hp.vocab}, not {bad}")
        if self.position + ids.size > self.context:
            raise CelosiaError(f"{self.position + ids.size} tokens do not fit the context of {self.context}")
        self._reserve(self.position + ids.size)
        tensors = self.model.tensors
        state = tensors["token_embd.weight"].dequantise(ids, np.float64)
        for layer in range(self._hp.layers):
            state = state + self._attention(layer, self._norm(state, f"blk.{layer}.attn_norm.weight"))
            state = state + self._feed_forward(layer, self._norm(state, f"blk.{layer}.ffn_norm.weight"))
        self.position += ids.size
        return self._multiply(self.model.output, self._norm(state, "output_norm.weight"))

    def _reserve(self, length):
        capacity = self._keys.shape[2]
        if length > capacity:
            more = ((0, 0), (0, 0), (0, max(length, min(2 * capacity, self.context)) - capacity), (0, 0))
            self._keys, self._values = np.pad(self._keys, more), np.pad(self._values, more)

    def _attention(self, layer, x):
        hp = self._hp
        start, stop = self.position, self.position + len(x)
        prefix = f"blk.{layer}.attn_"
        tensors = self.model.tensors
        queries = self._rotate(self._heads(self._multiply(tensors[prefix + "q.weight"], x)))
        self._keys[layer, :, start:stop] = self._rotate(self._heads(
            self._multiply(tensors[prefix + "k.weight"], x)))
        self._values[layer, :, start:stop] = self._heads(self._multiply(tensors[prefix + "v.weight"], x))
        hidden = np.arange(stop) > np.arange(start, stop)[:, None]
        mixed = np.empty((len(x), hp.heads, hp.head_dim))
        for head in range(hp.heads):
            shared = head // hp.group
            scores = queries[head] @ self._keys[layer, shared, :stop].T / np.sqrt(hp.head_dim)
            scores[hidden] = -np.inf
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            mixed[:, head] = weights @ self._values[layer, shared, :stop]
        return self._multiply(tensors[prefix + "output.weight"], mixed.reshape(len(x), -1))

    def _feed_forward(self, layer, x):
        gate, up, down = (self.model.tensors[f"blk.{layer}.ffn_{name}.weight"]
                          for name in ("gate", "up", "down"))
        gated = self._multiply(gate, x)
        # exp(-gated) may overflow to infinity, which is the right limit.
        with np.errstate(over="ignore"):
            silu = gated / (1 + np.exp(-gated))
        return self._multiply(down, silu * self._multiply(up, x))

    def _norm(self, x, name):
        mean_square = np.mean(x * x, axis=1, keepdims=True)
        return x / np.sqrt(mean_square + self._hp.rms_eps) * self.model.tensors[name].dequantise()[0]

    def _heads(self, x):
        """(positions, heads * head_dim) to (heads, positions, head_dim)."""
        return x.reshape(len(x), -1, self._hp.head_dim).transpose(1, 0, 2)

    def _rotate(self, heads):
        positions = np.arange(self.position, self.position + heads.shape[1])
        angles = positions[:, None] * self._frequencies
        rotated = heads.copy()
        even, odd = heads[..., 0:self._hp.rope_dim:2], heads[..., 1:self._hp.rope_dim:2]
        rotated[..., 0:self._hp.rope_dim:2] = even * np.cos(angles) - odd * np.sin(angles)
        rotated[..., 1:self._hp.rope_dim:2] = even * np.sin(angles) + odd * np.cos(angles)
        return rotated

    def _choose_kept(self, weight_bytes):
        """Matrices to keep dequantised, in the order of the file; None until first used."""
        kept = {}
        for name, tensor in self.model.tensors.items():
            weight_bytes -= tensor.shape[0] * tensor.shape[1] * np.dtype(np.float64).itemsize
            if weight_bytes < 0:
                break
            kept[name] = None
        return kept

    def _multiply(self, tensor, x):
        """Rows of a matrix times vectors: (positions, columns) to (positions, rows)."""
        if tensor.name in self._kept:
            if self._kept[tensor.name] is None:
                self._kept[tensor.name] = tensor.dequantise(dtype=np.float64)
            return x @ self._kept[tensor.name].T
        chunks = tensor.row_chunks(_CHUNK_BYTES)
        return np.concatenate([x @ tensor.dequantise(rows, np.float64).T for rows in chunks], axis=1)
