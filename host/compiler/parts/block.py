"""Blocks of a transformer."""

from host.compiler.parts.attention import attention
from host.compiler.parts.feed_forward import feed_forward
from host.compiler.parts.norm import norm, normed_residual
from host.compiler.parts.residual import residual

__all__ = ["block", "see", "settle"]


def block(b, layer, rotate=None, *, attend=attention):
    """Add attention and the feed-forward network to the states, each with the norms that the file has: before,
    behind, and of the sum.

    In a parallel block the network sees the states that attention saw. If they share the norm, too, what this has made
    is kept until then.

    Parameters
    ----------
    layer : str
        ``blk.0`` and so on: the tensors are ``attn_norm``, those of `attention`, ``post_attention_norm``,
        ``attn_output_norm``, ``ffn_norm``, those of `feed_forward`, ``post_ffw_norm`` and ``layer_output_norm`` of it.
    rotate : function of (b, label, vectors, length), optional
        See `attention`.
    attend : function of (b, layer, rotate)
        `attention`, or what takes its place.
    """
    hp, kept = b.hyperparameters, None
    if hp.parallel and not b.has(f"{layer}.ffn_norm.weight"):
        kept = b.scratchpad.take(hp.dim, len(b.tokens))
        norm(b, f"{layer}.attn_norm", to=kept)
        b.columns(f"{layer}.attn_norm.x", kept, hp.dim)
    else:
        see(b, f"{layer}.attn_norm")
    attended = attend(b, layer, rotate)
    if not hp.parallel:
        _add(b, layer, "attn_output", "post_attention_norm", attended)
        settle(b, f"{layer}.attn_output_norm")
    if kept is None:
        see(b, f"{layer}.ffn_norm")
    else:
        b.columns(f"{layer}.ffn_norm.x", kept, hp.dim)
    if hp.parallel:
        _add(b, layer, "attn_output", "post_attention_norm", attended)
    fed = feed_forward(b, layer)
    _add(b, layer, "ffn_down", "post_ffw_norm", fed)
    settle(b, f"{layer}.layer_output_norm")


def see(b, name):
    """Put the states into the columns, normalised if the file has such a norm."""
    if b.has(f"{name}.weight"):
        norm(b, name)
    else:
        b.columns(f"{name}.x", b.state, b.hyperparameters.dim)


def _add(b, layer, matrix, behind, product):
    """Add what a matrix has made to the states, normalised if the file has such a norm."""
    if b.has(f"{layer}.{behind}.weight"):
        normed_residual(b, f"{layer}.{behind}", product)
    else:
        residual(b, f"{layer}.{matrix}", product)


def settle(b, name):
    """Normalise the states themselves if the file has such a norm."""
    if b.has(f"{name}.weight"):
        norm(b, name, to=b.state)
