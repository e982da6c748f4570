"""Sizes of published models, without their weights."""

from dataclasses import dataclass

from host.arch.keys import Keys

__all__ = ["Published"]

_EMBEDDING = "token_embd.weight"
_OUTPUT = "output.weight"
_FUSED = "blk.0.attn_qkv.weight"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A model as its file describes it.

    Parameters
    ----------
    keys : dict
        Those of its metadata that shape it, without the architecture's name, ``vocab_size`` included.
    tied : bool
        The output matrix is that of the embedding.
    fused : bool
        Queries, keys and values are rows of one matrix.
    formats : tuple of str
        Some in which people have it, the largest first.
    """

    keys: dict
    tied: bool = True
    fused: bool = False
    formats: tuple[str, ...] = ("Q8_0", "Q4_0", "Q3_K", "Q2_K")

    def hyperparameters(self, name, architecture):
        """The numbers that shape it.

        Parameters
        ----------
        name : str
            For messages.
        architecture : host.arch.architecture.Architecture

        Returns
        -------
        Hyperparameters
        """
        values = {key if key.startswith("tokenizer.") else f"{architecture.name}.{key}": value
                  for key, value in self.keys.items()}
        return architecture.hyperparameters(Keys(name, values, architecture.name), _Tensors(self))


class _Tensors:
    """Which tensors there are that decide something, for `Architecture.hyperparameters`."""

    def __init__(self, published):
        self._names = {_OUTPUT: not published.tied, _FUSED: published.fused, "blk.0.ffn_norm.weight": True}
        self._vocab = published.keys["vocab_size"]

    def __contains__(self, name):
        return self._names.get(name, False)

    def rows(self, name):
        """Rows of the embedding, the one matrix that there is."""
        if name != _EMBEDDING:
            raise ValueError(f"Name must be {_EMBEDDING!r}, not {name!r}")
        return self._vocab
