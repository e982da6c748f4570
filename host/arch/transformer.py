"""Transformers: attention and a feed-forward network in turn, each added to the states."""

from dataclasses import replace

from host.arch.architecture import Architecture
from host.arch.block_tensors import (
    attention_tensors, feed_forward_tensors, head_norm_tensors, matrix, norm_tensors, vector)
from host.arch.choices import Activation, NormKind
from host.arch.hyperparameters import Hyperparameters
from host.arch.layer_kind import LayerKind
from host.arch.rope import rope_table
from host.arch.rope_keys import read_rope
from host.arch.tensor_spec import TensorKind, TensorSpec

__all__ = ["Transformer"]


class Transformer(Architecture):
    """What decoders and encoders have in common; an architecture says in which of the following it differs, and seldom
    more.

    Around attention and around the feed-forward network there may be norms before and behind, as the tensors have it:
    a block is ``x += behind(attention(before(x)))``, then the same with the feed-forward network.

    Attributes
    ----------
    norm : NormKind
    norm_bias : bool
        Norms of the states have a bias.
    block_norms : tuple of str
        Norms of a block: ``attn_norm`` and ``ffn_norm`` before, ``post_attention_norm`` and ``post_ffw_norm`` behind;
        ``attn_output_norm`` and ``layer_output_norm`` behind the sums.
    end_norms : tuple of str
        Norms that are in no block.
    head_norms : dict or None
        Arguments of `head_norm_tensors` if queries and keys are normalised.
    activation : Activation
    gated : bool
        The feed-forward network has a gate.
    fused_gate : bool
        Its gate is the first half of ``ffn_up``.
    halves : bool
        Rope turns elements i and i + rope_dim / 2 together; otherwise 2i and 2i + 1.
    theta : float
        Base of the angles where a file names none.
    learned_positions : bool
        Each position has a vector, which is added to the embedding.
    causal : bool
        No token sees later ones.
    biases, optional_biases : frozenset of str
        Matrices that have a bias, or may have one.
    """

    norm = NormKind.RMS
    norm_bias = False
    block_norms = ("attn_norm", "ffn_norm")
    end_norms = ("output_norm",)
    head_norms = None
    activation = Activation.SILU
    gated = True
    fused_gate = False
    halves = True
    theta = 10000.0
    learned_positions = False
    causal = True
    biases = frozenset()
    optional_biases = frozenset()

    neutral = {
        "attention.clamp_kqv": (0,),
        "attention.max_alibi_bias": (0,),
        "attention.scale": (0,),
        "attn_logit_softcapping": (0,),
        "embedding_scale": (0, 1),
        "expert_count": (0,),
        "final_logit_softcapping": (0,),
        "logit_scale": (0, 1),
        "residual_scale": (0, 1),
        "rope.scaling.attn_factor": (1,),
        "swin_norm": (False,),
        "use_parallel_residual": (False,),
    }
    harmless = frozenset({
        # Of norms and experts that there are not, and of the files' history.
        "attention.group_norm_epsilon", "attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon",
        "expert_feed_forward_length", "expert_used_count", "tensor_data_layout",
        # Of another scaling than the one that is read.
        "rope.scaling.finetuned", "rope.scaling.original_context_length",
        "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
        "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_log_multiplier",
        # How a text's vectors become one, which no logits depend on.
        "pooling_type",
    })

    def hyperparameters(self, keys, tensors):
        hp = Hyperparameters.read(keys, tensors, norm=self.norm, activation=self.activation, gated=self.gated,
                                  causal=self.causal)
        hp = replace(hp, kinds=self.kinds(keys, tensors, hp), **self.more(keys, tensors, hp))
        if keys.flag("attention.causal", self.causal) != self.causal:
            keys.fail("attention.causal", f"absent or {self.causal} (it is not supported)", not self.causal)
        keys.refuse_others(neutral=self.neutral, harmless=self.harmless)
        return hp

    def kinds(self, keys, tensors, hp):
        """The kinds of layers, as `Hyperparameters` has them: one for all, with the window that the file may name."""
        rope = read_rope(keys, tensors, hp.head_dim, halves=self.halves, theta=self.theta)
        window = keys.window(hp.context)
        if window is None:
            # Says nothing then, and is read.
            keys.pattern("attention.sliding_window_pattern", hp.layers)
        return (LayerKind(rope=rope, window=window),)

    def more(self, keys, tensors, hp):
        """Further attributes of `Hyperparameters` that a file decides: dict by name."""
        return {}

    def tensors(self, hp):
        specs = {"token_embd.weight": matrix(hp.vocab, hp.dim)}
        if self.learned_positions:
            specs["position_embd.weight"] = TensorSpec(TensorKind.POSITIONS, (hp.context, hp.dim))
        if hp.token_types:
            specs["token_types.weight"] = vector(hp.token_types, hp.dim)
        specs |= self.more_tensors(hp)
        for layer in range(hp.layers):
            specs |= self.block_tensors(hp, f"blk.{layer}")
        return specs | norm_tensors(self.end_norms, hp.dim, bias=self.norm_bias)

    def more_tensors(self, hp):
        """Tensors of a model that are in no block and at neither end: dict of str to TensorSpec."""
        return {}

    def norms(self, hp):
        """Names of a block's norms."""
        return self.block_norms

    def block_tensors(self, hp, where):
        """Tensors of a block: dict of str to TensorSpec."""
        biases = {"biases": self.biases, "optional_biases": self.optional_biases}
        norms = {name: norm_tensors([f"{where}.{name}"], hp.dim, bias=self.norm_bias) for name in self.norms(hp)}
        specs = norms.get("attn_norm", {}) | attention_tensors(hp, where, **biases)
        if self.head_norms is not None:
            specs |= head_norm_tensors(hp, where, **self.head_norms)
        for name in ("post_attention_norm", "attn_output_norm", "ffn_norm"):
            specs |= norms.get(name, {})
        specs |= feed_forward_tensors(hp, where, fused=self.fused_gate, **biases)
        return specs | norms.get("post_ffw_norm", {}) | norms.get("layer_output_norm", {})

    def position_tables(self, hp, context):
        return {name: rope_table(rope, hp.head_dim, context) for name, rope in hp.ropes.items()}
