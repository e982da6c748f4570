"""The numbers that shape a model."""

from dataclasses import dataclass, replace
import math

from host.arch.choices import Activation, NormKind, Pooling
from host.arch.layer_kind import LayerKind

__all__ = ["Hyperparameters"]

_EMBEDDING = "token_embd.weight"
_OUTPUT = "output.weight"
_FUSED = "blk.0.attn_qkv.weight"
_EPSILON = {NormKind.RMS: "attention.layer_norm_rms_epsilon", NormKind.LAYER: "attention.layer_norm_epsilon"}


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Shape and constants of a model.

    Which norms and biases there are, the tensors of the file say.

    Attributes
    ----------
    layers, dim, heads, kv_heads, head_dim, ffn, vocab, context : int
        Transformer blocks, width of the residual, query heads, KV heads, elements of a head, width of the
        feed-forward network, tokens, longest sequence the model was trained for.
    norm_eps : float
        Added to the mean square, or to the variance, in norms.
    norm : NormKind
    kinds : tuple of LayerKind
        Of the layers from 0 on; if there are fewer, from the beginning again (see `kind`).
    activation : Activation
    gated : bool
        The feed-forward network is down(activation(gate) * up) and not down(activation(up)).
    parallel : bool
        The feed-forward network sees the same states as attention does, not those to which this has been added.
    causal : bool
        No token sees later ones.
    fused_qkv : bool
        Queries, keys and values are rows of one matrix.
    attention_scale : float or None
        Factor of the scores; None for 1 / sqrt(head_dim), see `score_scale`.
    attention_cap, logit_cap : float or None
        Scores and logits become cap * tanh(score / cap).
    embedding_scale, residual_scale, logit_scale : float
        Factors of an embedding, of what a branch adds to the states, and of the logits.
    pooling : Pooling
        How an encoder makes one vector of a text.
    token_types : int
        Kinds of tokens, of which those of a text are all of the first.
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
    norm_eps: float
    norm: NormKind = NormKind.RMS
    kinds: tuple[LayerKind, ...] = (LayerKind(),)
    activation: Activation = Activation.SILU
    gated: bool = True
    parallel: bool = False
    causal: bool = True
    fused_qkv: bool = False
    attention_scale: float | None = None
    attention_cap: float | None = None
    logit_cap: float | None = None
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_scale: float = 1.0
    pooling: Pooling = Pooling.NONE
    token_types: int = 0
    tied: bool = False
    bos: int | None = None
    eos: int | None = None

    @property
    def heads_per_kv(self):
        """Query heads that share one KV head."""
        return self.heads // self.kv_heads

    @property
    def score_scale(self):
        """Factor of the scores."""
        return 1 / math.sqrt(self.head_dim) if self.attention_scale is None else self.attention_scale

    @property
    def ropes(self):
        """The rotations that there are, by the name of their table: dict of str to Rope."""
        return {kind.rope.table: kind.rope for kind in self.kinds if kind.rope}

    @property
    def usual_context(self):
        """Positions to have room for where nobody chooses: of a model with LongRoPE those of its short factors."""
        return min([self.context, *(rope.short_context for rope in self.ropes.values() if rope.short_context)])

    def kind(self, layer):
        """What sets a layer apart: LayerKind."""
        return self.kinds[layer % len(self.kinds)]

    def within(self, window, sinks):
        """The same with attention within a window, and to the first ``sinks`` positions, in all layers that have no
        narrower one; those keep theirs, and see no sinks."""
        return replace(self, kinds=tuple(
            replace(kind, window=window, sinks=sinks) if kind.window is None or kind.window > window else kind
            for kind in self.kinds))

    @classmethod
    def read(cls, keys, tensors, *, norm=NormKind.RMS, **more):
        """Read and cross-check the keys that most architectures have.

        Parameters
        ----------
        keys : host.arch.keys.Keys
        tensors : host.gguf.model.FileTensors
        norm : NormKind
            Which epsilon is read.
        more
            Attributes that an architecture decides.

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
        tokens = len(keys.texts("tokenizer.ggml.tokens", default=[])) or tensors.rows(_EMBEDDING)
        vocab = keys.integer("vocab_size", default=tokens)
        if tokens != vocab:
            keys.fail("vocab_size", f"the {tokens} of the token list or the embedding", vocab)
        return cls(
            layers=keys.integer("block_count"), dim=dim, heads=heads, kv_heads=kv_heads,
            head_dim=head_dim, ffn=keys.integer("feed_forward_length"), vocab=vocab,
            context=keys.integer("context_length"), norm_eps=keys.real(_EPSILON[norm]), norm=norm,
            fused_qkv=_FUSED in tensors, tied=_OUTPUT not in tensors,
            bos=keys.token("tokenizer.ggml.bos_token_id", vocab), eos=keys.token("tokenizer.ggml.eos_token_id", vocab),
            **more)
