"""The numbers that shape a model."""

from dataclasses import dataclass, field

import numpy as np

from host.arch.rope import rope_scale

__all__ = ["Hyperparameters"]

_EMBEDDING = "token_embd.weight"
_OUTPUT = "output.weight"
_ROPE_FACTORS = "rope_freqs.weight"


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Shape and constants of a model; an architecture that needs more has a subclass of it.

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
        Leading elements of each head that are rotated.
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
    def heads_per_kv(self):
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
    def read(cls, keys, tensors, **more):
        """Read and cross-check the keys that most architectures have.

        Parameters
        ----------
        keys : host.arch.keys.Keys
        tensors : host.gguf.model.FileTensors
        more
            What a subclass adds.

        Raises
        ------
        CelosiaError
            If a key is missing or has a value that cannot be.
        """
        heads = keys.integer("attention.head_count")
        kv_heads = keys.integer("attention.head_count_kv", default=heads)
        if heads % kv_heads:
            keys.fail("attention.head_count_kv", f"a divisor of the {heads} heads", kv_heads)
        dim = keys.integer("embedding_length")
        if "attention.key_length" not in keys and dim % heads:
            keys.fail("embedding_length", f"a multiple of the {heads} heads", dim)
        head_dim = keys.integer("attention.key_length", default=dim // heads)
        value_dim = keys.integer("attention.value_length", default=head_dim)
        if value_dim != head_dim:
            keys.fail("attention.value_length", f"the key length {head_dim}", value_dim)
        rope_dim = keys.integer("rope.dimension_count", default=head_dim)
        if rope_dim % 2 or rope_dim > head_dim:
            keys.fail("rope.dimension_count", f"even and at most the head's {head_dim}", rope_dim)
        tokens = len(keys.texts("tokenizer.ggml.tokens", default=[])) or tensors.rows(_EMBEDDING)
        vocab = keys.integer("vocab_size", default=tokens)
        if tokens != vocab:
            keys.fail("vocab_size", f"the {tokens} of the token list or the embedding", vocab)
        return cls(
            layers=keys.integer("block_count"), dim=dim, heads=heads, kv_heads=kv_heads,
            head_dim=head_dim, ffn=keys.integer("feed_forward_length"), vocab=vocab,
            context=keys.integer("context_length"), rms_eps=keys.real("attention.layer_norm_rms_epsilon"),
            rope_theta=keys.real("rope.freq_base", default=10000.0), rope_dim=rope_dim, rope_scale=rope_scale(keys),
            rope_freq_factors=tensors.positive(_ROPE_FACTORS) if _ROPE_FACTORS in tensors else None,
            tied=_OUTPUT not in tensors, bos=keys.token("tokenizer.ggml.bos_token_id", vocab),
            eos=keys.token("tokenizer.ggml.eos_token_id", vocab), **more)
