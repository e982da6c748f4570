"""The numbers that shape a llama model, from its GGUF metadata."""

from dataclasses import dataclass, field

import numpy as np

from host.gguf.metadata import Metadata

__all__ = ["Hyperparameters"]

#: Keys that change the arithmetic in a way that nothing here computes, with the values that do not.
_UNSUPPORTED = {
    "llama.expert_count": (0,),
    "llama.attention.scale": (0,),
    "llama.attention.clamp_kqv": (0,),
    "llama.attention.sliding_window": (0,),
    "llama.embedding_scale": (0, 1),
    "llama.residual_scale": (0, 1),
    "llama.logit_scale": (0, 1),
    "llama.rope.scaling.attn_factor": (0, 1),
}


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Shape and constants of a llama model.

    Attributes
    ----------
    layers, dim, heads, kv_heads, head_dim, ffn, vocab, context : int
        Transformer blocks, width of the residual, query heads, KV heads, elements of a head, width of the
        feed-forward network, tokens, longest sequence the model was trained for.
    rms_eps : float
        Added to the mean square in RMSNorm.
    rope_theta : float
        Base of the rotary angles.
    rope_dim : int
        Leading elements of each head that are rotated, in adjacent pairs (ggml's NORM order).
    rope_scale : float
        Positions are divided by this (linear scaling); 1 without scaling.
    rope_freq_factors : numpy.ndarray or None
        float32, shape (rope_dim / 2,): each frequency is divided by its factor.
    tied : bool
        The output matrix is the embedding matrix.
    bos, eos : int or None
        Ids of the tokens that begin and end a text.
    """

    layers: int
    dim: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    context: int
    rms_eps: float
    rope_theta: float
    rope_dim: int
    rope_scale: float = 1.0
    rope_freq_factors: np.ndarray | None = field(default=None, compare=False)
    tied: bool = False
    bos: int | None = None
    eos: int | None = None

    @property
    def group(self):
        """Query heads that share one KV head."""
        return self.heads // self.kv_heads

    def rope_frequencies(self):
        """Radians per position of each rotated pair: float64, shape (rope_dim / 2,)."""
        exponents = np.arange(0, self.rope_dim, 2, dtype=np.float64) / self.rope_dim
        frequencies = self.rope_theta ** -exponents / self.rope_scale
        if self.rope_freq_factors is not None:
            frequencies = frequencies / self.rope_freq_factors.astype(np.float64)
        return frequencies

    @classmethod
    def from_metadata(cls, path, values, *, embedding_rows, tied, rope_freq_factors):
        """Read and cross-check the ``llama.*`` keys.

        Parameters
        ----------
        path : str or os.PathLike
            For messages.
        values : dict
            Metadata as `host.gguf.file.GGUFFile` reads them.
        embedding_rows : int
            Rows of the embedding matrix: the vocabulary's size where the metadata do not tell it.
        tied : bool
        rope_freq_factors : numpy.ndarray or None

        Raises
        ------
        CelosiaError
            If a key is missing, has a value that cannot be, or asks for something that is not supported.
        """
        keys = Metadata(path, values)
        for key, harmless in _UNSUPPORTED.items():
            if key in keys and not (np.isscalar(keys.get(key)) and keys.get(key) in harmless):
                keys.fail(key, "absent (it is not supported)", keys.get(key))
        heads = keys.integer("llama.attention.head_count")
        kv_heads = keys.integer("llama.attention.head_count_kv", default=heads)
        if heads % kv_heads:
            keys.fail("llama.attention.head_count_kv", f"a divisor of the {heads} heads", kv_heads)
        dim = keys.integer("llama.embedding_length")
        if "llama.attention.key_length" not in keys and dim % heads:
            keys.fail("llama.embedding_length", f"a multiple of the {heads} heads", dim)
        head_dim = keys.integer("llama.attention.key_length", default=dim // heads)
        value_dim = keys.integer("llama.attention.value_length", default=head_dim)
        if value_dim != head_dim:
            keys.fail("llama.attention.value_length", f"the key length {head_dim}", value_dim)
        rope_dim = keys.integer("llama.rope.dimension_count", default=head_dim)
        if rope_dim % 2 or rope_dim > head_dim:
            keys.fail("llama.rope.dimension_count", f"even and at most the head's {head_dim}", rope_dim)
        tokens = len(keys.texts("tokenizer.ggml.tokens", default=[])) or embedding_rows
        vocab = keys.integer("llama.vocab_size", default=tokens)
        if tokens != vocab:
            keys.fail("llama.vocab_size", f"the {tokens} of the token list or the embedding", vocab)
        return cls(
            layers=keys.integer("llama.block_count"), dim=dim, heads=heads, kv_heads=kv_heads,
            head_dim=head_dim, ffn=keys.integer("llama.feed_forward_length"), vocab=vocab,
            context=keys.integer("llama.context_length"),
            rms_eps=keys.real("llama.attention.layer_norm_rms_epsilon"),
            rope_theta=keys.real("llama.rope.freq_base", default=10000.0),
            rope_dim=rope_dim, rope_scale=_rope_scale(keys), rope_freq_factors=rope_freq_factors, tied=tied,
            bos=keys.token("tokenizer.ggml.bos_token_id", vocab),
            eos=keys.token("tokenizer.ggml.eos_token_id", vocab))


def _rope_scale(keys):
    if "llama.rope.scaling.type" not in keys:
        return keys.real("llama.rope.scale_linear", default=1.0)
    kind = keys.text("llama.rope.scaling.type")
    if kind not in ("none", "linear"):
        keys.fail("llama.rope.scaling.type", "'none' or 'linear'", kind)
    return keys.real("llama.rope.scaling.factor") if kind == "linear" else 1.0
