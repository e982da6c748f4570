"""The ideal: the forward pass of a model in float64 on the weights as the file has them."""

import numpy as np

from host.engine.engine import Engine
from host.engine.pooling import pool
from host.engine.rows import Rows
from host.errors import CelosiaError

__all__ = ["FloatEngine"]

_CHUNK_BYTES = 1 << 22
_GROUP = 64


class FloatEngine(Engine):
    """NumPy float64 forward pass with a KV cache, the reference that the other engines are compared with.

    It has the weights and the cache; what is computed with them is the reference of the model's architecture, made of
    `host.engine.float_parts`. Every operation is float64: nothing is rounded to a smaller type, weights are what ggml
    dequantises. Positions are computed together as far as memory goes: attention needs one (positions, length) matrix
    per query head, one head at a time. NumPy orders the sums of a matrix product as it likes, so the last bits of
    logits may depend on how many positions were computed together, unlike those of the other engines.

    Parameters
    ----------
    model : host.gguf.model.Model
    context : int, optional
        Positions of the KV cache; by default the `usual_context` of the model's hyperparameters.
    weight_bytes : int
        Dequantised matrices are kept up to this many bytes in all; the rest is dequantised at every use.

    Attributes
    ----------
    model
    hyperparameters : host.arch.hyperparameters.Hyperparameters
    group : int
        64; more would only take memory.

    Raises
    ------
    CelosiaError
        If `context` is larger than the model's.
    """

    free_logits = True

    def __init__(self, model, context=None, *, weight_bytes=1 << 29):
        hp = model.hyperparameters
        context = hp.usual_context if context is None else context
        if not 0 < context <= hp.context:
            raise CelosiaError(f"{model.path}: context must be 1 to {hp.context}, not {context}")
        self.model, self.path = model, model.path
        self.context, self.group = context, _GROUP
        self.position, self.choices = 0, []
        self.hyperparameters = hp
        self._kept = self._choose_kept(weight_bytes)
        # Grown as positions come: a context may be far longer than any text.
        self._keys = np.empty((hp.layers, hp.kv_heads, 0, hp.head_dim))
        self._values = np.empty_like(self._keys)

    def extend(self, tokens, *, rows=Rows.ALL, logits=True):
        """See :meth:`Engine.extend`."""
        parts = [self.forward(tokens[at:at + self.group]) for at in range(0, len(tokens), self.group)]
        if rows == Rows.NONE or not parts:
            self.choices = []
            return None
        result = parts[-1][-1:] if rows == Rows.LAST else np.concatenate(parts)
        self.choices = result.argmax(axis=1).tolist()
        if not logits:
            return None
        with np.errstate(over="ignore"):
            return result.astype(np.float32)

    def read(self, ids, *, start=0):
        """See :meth:`Engine.read`. All positions are computed at once: each weight is then dequantised once."""
        logits = self.logits(ids) if len(ids) else ()
        yield from ([None] * start + list(logits[start:]))[:len(ids)]

    def step(self, token):
        """Append one token and return the logits of the next: float64, shape (vocab,)."""
        return self.forward([token])[0]

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
        return self.forward(ids)

    def forward(self, ids):
        """Append tokens to the KV cache, all at once.

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
            If an id is outside the vocabulary or the context is full, the cache is then as before; or if the model is
            an encoder.
        """
        self.model.check_predicts()
        return self._run(ids)

    def _run(self, ids):
        ids = np.asarray(ids, dtype=np.int64).reshape(-1)
        if ids.size and not (0 <= ids.min() and ids.max() < self.hyperparameters.vocab):
            bad = ids[(ids < 0) | (ids >= self.hyperparameters.vocab)][0]
            raise CelosiaError(f"Token id must be below {self.hyperparameters.vocab}, not {bad}")
        if self.position + ids.size > self.context:
            raise CelosiaError(f"{self.position + ids.size} tokens do not fit the context of {self.context}")
        self._reserve(self.position + ids.size)
        # What overflows shows in the result.
        with np.errstate(over="ignore", invalid="ignore"):
            result = self.model.architecture.reference(self, ids)
        self.position += ids.size
        return result

    def states(self, ids):
        """See :meth:`Engine.states`."""
        self.model.check_encodes()
        self.reset()
        return self._run(ids)

    def pooled(self, ids):
        """One vector of a text, as the file's `pooling` has it: float64, shape (dim,), not normalised.

        Raises
        ------
        CelosiaError
            As `states` does, and if the file names no pooling.
        """
        return pool(self.states(ids), self.hyperparameters.pooling, self.model.path)

    def _reserve(self, length):
        capacity = self._keys.shape[2]
        if length > capacity:
            more = ((0, 0), (0, 0), (0, max(length, min(2 * capacity, self.context)) - capacity), (0, 0))
            self._keys, self._values = np.pad(self._keys, more), np.pad(self._values, more)

    def append(self, layer, keys, values):
        """Put K and V of the present positions into the cache of a layer.

        Parameters
        ----------
        layer : int
        keys, values : float64 array (kv_heads, positions, head_dim)

        Returns
        -------
        tuple of float64 array (kv_heads, all positions so far, head_dim)
            K and V.
        """
        stop = self.position + keys.shape[1]
        self._keys[layer, :, self.position:stop], self._values[layer, :, self.position:stop] = keys, values
        return self._keys[layer, :, :stop], self._values[layer, :, :stop]

    def _choose_kept(self, weight_bytes):
        """Matrices to keep dequantised, in the order of the file; None until first used."""
        kept = {}
        for name, tensor in self.model.tensors.items():
            weight_bytes -= tensor.shape[0] * tensor.shape[1] * np.dtype(np.float64).itemsize
            if weight_bytes < 0:
                break
            kept[name] = None
        return kept

    def multiply(self, tensor, x, rows=slice(None)):
        """Some rows of a matrix times vectors: (positions, columns) to (positions, rows)."""
        if tensor.name in self._kept:
            if self._kept[tensor.name] is None:
                self._kept[tensor.name] = tensor.dequantise(dtype=np.float64)
            return x @ self._kept[tensor.name][rows].T
        start, stop, _step = rows.indices(tensor.shape[0])
        chunks = [slice(max(start, chunk.start), min(stop, chunk.stop)) for chunk in tensor.row_chunks(_CHUNK_BYTES)]
        return np.concatenate([x @ tensor.dequantise(chunk, np.float64).T for chunk in chunks
                               if chunk.start < chunk.stop], axis=1)
