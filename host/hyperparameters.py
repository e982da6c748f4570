"""The numbers that shape a llama model, from its GGUF metadata."""

import math
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np

from host.errors import CelosiaError

__all__ = ["Hyperparameters"]

#: What some writers store where a model has no such token.
_NO_TOKEN = 0xFFFF_FFFF
_MAX_INTEGER = 1 << 31


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
    def from_metadata(cls, path, metadata, *, embedding_rows, tied, rope_freq_factors):
        """Read and cross-check the ``llama.*`` keys.

        Parameters
        ----------
        path : str or os.PathLike
            For messages.
        metadata : dict
        embedding_rows : int
            Rows of the embedding matrix: the vocabulary's size where the metadata do not tell it.
        tied : bool
        rope_freq_factors : numpy.ndarray or None

        Raises
        ------
        CelosiaError
            If a key is missing, has a value that cannot be, or asks for something that is not supported.
        """
        keys = _Keys(path, metadata)
        keys.refuse_unsupported()
        heads = keys.integer("llama.attention.head_count")
        dim = keys.integer("llama.embedding_length")
        kv_heads = keys.integer("llama.attention.head_count_kv", default=heads)
        head_dim = keys.integer("llama.attention.key_length", default=dim // heads or dim)
        value_dim = keys.integer("llama.attention.value_length", default=head_dim)
        rope_dim = keys.integer("llama.rope.dimension_count", default=head_dim)
        tokens = len(metadata.get("tokenizer.ggml.tokens", ())) or embedding_rows
        vocab = keys.integer("llama.vocab_size", default=tokens)
        if "llama.attention.key_length" not in metadata and dim % heads:
            keys.fail("llama.embedding_length", f"a multiple of the {heads} heads", dim)
        if heads % kv_heads:
            keys.fail("llama.attention.head_count_kv", f"a divisor of the {heads} heads", kv_heads)
        if value_dim != head_dim:
            keys.fail("llama.attention.value_length", f"the key length {head_dim}", value_dim)
        if rope_dim % 2 or rope_dim > head_dim:
            keys.fail("llama.rope.dimension_count", f"even and at most the head's {head_dim}", rope_dim)
        if tokens != vocab:
            keys.fail("llama.vocab_size", f"the {tokens} tokens of the tokenizer", vocab)
        return cls(
            layers=keys.integer("llama.block_count"), dim=dim, heads=heads, kv_heads=kv_heads,
            head_dim=head_dim, ffn=keys.integer("llama.feed_forward_length"), vocab=vocab,
            context=keys.integer("llama.context_length"),
            rms_eps=keys.real("llama.attention.layer_norm_rms_epsilon"),
            rope_theta=keys.real("llama.rope.freq_base", default=10000.0),
            rope_dim=rope_dim, rope_scale=keys.rope_scale(), rope_freq_factors=rope_freq_factors, tied=tied,
            bos=keys.token("tokenizer.ggml.bos_token_id", vocab),
            eos=keys.token("tokenizer.ggml.eos_token_id", vocab))


class _Keys:
    """Typed access to metadata, with messages that name the file, the key and the value."""

    def __init__(self, path, metadata):
        self.path = path
        self.metadata = metadata

    def fail(self, key, expected, value):
        raise CelosiaError(f"{self.path}: metadata key '{key}' must be {expected}, not {value!r}")

    def integer(self, key, default=None):
        value = self.metadata.get(key, default)
        if value is None:
            raise CelosiaError(f"{self.path}: metadata key '{key}' is missing")
        if isinstance(value, np.ndarray) and value.size and (value == value.flat[0]).all():
            value = value.flat[0].item()  # one number per layer, all the same
        if not isinstance(value, Integral) or isinstance(value, bool) or not 0 < value < _MAX_INTEGER:
            self.fail(key, "a positive integer", value)
        return int(value)

    def real(self, key, default=None):
        value = self.metadata.get(key, default)
        if value is None:
            raise CelosiaError(f"{self.path}: metadata key '{key}' is missing")
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
            self.fail(key, "a positive number", value)
        return float(value)

    def token(self, key, vocab):
        value = self.metadata.get(key)
        if value is None or isinstance(value, Integral) and value in (_NO_TOKEN, -1):
            return None
        if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= value < vocab:
            self.fail(key, f"a token id below {vocab}", value)
        return int(value)

    def rope_scale(self):
        kind = self.metadata.get("llama.rope.scaling.type")
        if kind is None and "llama.rope.scale_linear" in self.metadata:
            return self.real("llama.rope.scale_linear")
        if kind is None or kind == "none":
            return 1.0
        if kind != "linear":
            self.fail("llama.rope.scaling.type", "'none' or 'linear'", kind)
        return self.real("llama.rope.scaling.factor")

    def refuse_unsupported(self):
        """A key that changes the arithmetic in a way that nothing here computes must not be ignored."""
        experts = self.metadata.get("llama.expert_count", 0)
        if experts:
            self.fail("llama.expert_count", "0 (mixtures of experts are not supported)", experts)
        for key in ("llama.attention.scale", "llama.logit_scale", "llama.residual_scale",
                    "llama.embedding_scale", "llama.rope.scaling.attn_factor",
                    "llama.attention.sliding_window", "llama.attention.clamp_kqv"):
            if key in self.metadata and self.metadata[key] not in (0, 1):
                self.fail(key, "absent", self.metadata[key])
