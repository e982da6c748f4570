"""Allocation of the scratchpad."""

from host.errors import CelosiaError

__all__ = ["ScratchpadMap"]

_ALIGNMENT = 16
_CHUNK = 256
"""Rows of the feed-forward's first matrices that go through silu together."""


class ScratchpadMap:
    """fp32 vectors in the scratchpad, for the whole of a pass over the weights.

    A context that does not fit is refused: scores of all positions must be on chip at once.

    Parameters
    ----------
    hyperparameters : host.arch.hyperparameters.Hyperparameters
    config : gateware.config.Config
    context : int
        Positions of the KV cache.
    tokens : int
        Tokens that go through the weights together; each has vectors of its own.

    Attributes
    ----------
    residual, query, key, value, cosine, sine, hidden : _Vectors
        ``vectors[t]`` is the element address of token t's vector, ``vectors.stride`` the distance to the next. What
        attention has mixed for a query takes the place of that query.
    scores, mixed : _Vectors
        One vector per logical column in use.
    work : int
        Address of one vector for what is used up at once.
    gate, up : list of _Vectors
        Two of each, for parts of ``chunk`` elements: one is filled while the other one is used.
    silu : _Vectors
        Of ``chunk`` elements.
    product, ffn_product : _Vectors
        Of what is added to the residual, which lies as these vectors lie; in the place of queries, and of ``hidden``.
    chunk : int
    used : int
        Elements taken.
    """

    def __init__(self, hyperparameters, config, context, tokens):
        hp = hyperparameters
        query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
        columns = min(hp.group * tokens, config.dot.logical_columns)
        self.used = 0
        self.residual = self._take(hp.dim, tokens)
        self.cosine = self._take(hp.head_dim, tokens)
        self.sine = self._take(hp.head_dim, tokens)
        self.work = self._take(max(hp.dim, query), 1)[0]
        # Attention and feed-forward never live at the same time.
        shared = self.used
        self.query = self._take(max(query, hp.dim), tokens)
        self.product = self.query.packed(self.residual)
        self.key = self._take(key, tokens)
        self.value = self._take(key, tokens)
        self.scores = self._take(context, columns)
        self.mixed = self._take(hp.head_dim, columns)
        after_attention, self.used = self.used, shared
        self.chunk = min(_CHUNK, hp.ffn)
        self.gate = [self._take(self.chunk, tokens) for _ in range(2)]
        self.up = [self._take(self.chunk, tokens) for _ in range(2)]
        self.silu = self._take(self.chunk, tokens)
        self.hidden = self._take(max(hp.ffn, hp.dim), tokens)
        self.ffn_product = self.hidden.packed(self.residual)
        self.used = max(self.used, after_attention)
        self._config, self._context = config, context

    @property
    def fits(self):
        """Whether the configuration has room for them."""
        return self.used <= self._config.vector.scratchpad

    def require(self, path):
        """Raise a CelosiaError that names the model ``path`` and what is missing, unless everything fits."""
        size = self._config.vector.scratchpad
        if not self.fits:
            raise CelosiaError(
                f"{path}: context {self._context} needs {self.used} elements of scratchpad, {self.used - size} more "
                f"than configuration {self._config.name!r} has ({size})")

    def _take(self, elements, count):
        vectors = _Vectors(self.used, elements + -elements % _ALIGNMENT)
        self.used += count * vectors.stride
        return vectors


class _Vectors:
    """Addresses of equally long vectors, one after another."""

    def __init__(self, first, stride):
        self._first, self.stride = first, stride

    def __getitem__(self, index):
        return self._first + index * self.stride

    def packed(self, like):
        """Vectors at the same place which lie as close to one another as those of ``like``, which are no longer."""
        return _Vectors(self._first, like.stride)
