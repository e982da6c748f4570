"""Allocation of the scratchpad."""

from host.errors import CelosiaError

__all__ = ["ScratchpadMap"]

_ALIGNMENT = 16


class ScratchpadMap:
    """fp32 vectors in the scratchpad, for the whole of a token.

    A context that does not fit is refused: scores of all positions must be on chip at once.

    Parameters
    ----------
    hyperparameters : host.hyperparameters.Hyperparameters
    config : gateware.config.Config
    context : int
        Positions of the KV cache.
    path : path-like
        For messages.

    Attributes
    ----------
    residual, normalised, attention, query, key, value, scratch, gate, up, scores, cosine, sine : int
        Element addresses. ``scores`` has one vector of ``score_stride`` per logical column in use.
    used : int
        Elements taken.

    Raises
    ------
    CelosiaError
        If the vectors do not fit, saying by how much.
    """

    def __init__(self, hyperparameters, config, context, path):
        hp = hyperparameters
        query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
        heads_at_once = min(hp.group, config.logical_columns)
        self.score_stride = context + -context % _ALIGNMENT
        self.used = 0
        self.residual = self._take(hp.dim)
        self.cosine = self._take(hp.head_dim)
        self.sine = self._take(hp.head_dim)
        self.scratch = self._take(max(hp.dim, query, hp.ffn))
        # Attention and feed-forward never live at the same time.
        shared = self.used
        self.query = self._take(query)
        self.key = self._take(key)
        self.value = self._take(key)
        self.attention = self._take(query)
        self.scores = self._take(heads_at_once * self.score_stride)
        after_attention, self.used = self.used, shared
        self.gate = self._take(hp.ffn)
        self.up = self._take(hp.ffn)
        self.used = max(self.used, after_attention)
        if self.used > config.scratchpad:
            raise CelosiaError(
                f"{path}: context {context} needs {self.used} elements of scratchpad, {self.used - config.scratchpad} "
                f"more than configuration {config.name!r} has ({config.scratchpad})")

    def _take(self, elements):
        address = self.used
        self.used += elements + -elements % _ALIGNMENT
        return address
