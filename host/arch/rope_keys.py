"""Rotary position embedding as the keys and tensors of a file describe it."""

import math

import numpy as np

from host.arch.rope import Rope

__all__ = ["read_rope", "rope_base", "rope_dim"]

_FACTORS = "rope_freqs.weight"
_BETA_FAST, _BETA_SLOW = 32.0, 1.0
_UNSUPPORTED = {"rope.scaling.yarn_ext_factor": (1, -1), "rope.scaling.yarn_log_multiplier": (0,)}
"""Keys of YaRN that its paper does not have, with the values that ask for nothing."""


def rope_dim(keys, head_dim):
    """Leading elements of each head that are rotated.

    Raises
    ------
    CelosiaError
        If the file names a number that cannot be.
    """
    dim = keys.integer("rope.dimension_count", default=head_dim)
    if dim % 2 or dim > head_dim:
        keys.fail("rope.dimension_count", f"even and at most the head's {head_dim}", dim)
    return dim


def rope_base(keys, default):
    """Base of the angles.

    Raises
    ------
    CelosiaError
        If the file names a number that cannot be.
    """
    return keys.real("rope.freq_base", default=default)


def read_rope(keys, tensors, head_dim, *, halves, theta=10000.0):
    """The rotation of most models: a base, and one kind of scaling.

    A factor without a type is one of linear scaling, and a factor of 0 none, as ggml's users write them;
    ``rope.scale_linear`` is the former name of ``rope.scaling.factor``. Llama 3's scaling has no key: its divisors are
    the tensor ``rope_freqs.weight``.

    Parameters
    ----------
    keys : host.arch.keys.Keys
    tensors : host.gguf.model.FileTensors
    head_dim : int
    halves : bool
        As `Rope` has it.
    theta : float
        Base where the file names none.

    Returns
    -------
    Rope

    Raises
    ------
    CelosiaError
        If the scaling is of another type, or something of it cannot be.
    """
    dim, theta = rope_dim(keys, head_dim), rope_base(keys, theta)
    factors = tensors.positive(_FACTORS) if _FACTORS in tensors else None
    former = keys.factor("rope.scale_linear", 1.0)
    factor = keys.factor("rope.scaling.factor", 1.0) if "rope.scaling.factor" in keys else former
    kind = keys.text("rope.scaling.type", default="linear")
    if kind not in ("none", "linear", "yarn"):
        keys.fail("rope.scaling.type", "'none', 'linear' or 'yarn'", kind)
    if kind == "yarn":
        return _yarn(keys, dim, theta, factor, halves)
    return Rope(dim=dim, theta=theta, halves=halves, scale=factor if kind == "linear" else 1.0, factors=factors)


def _yarn(keys, dim, theta, factor, halves):
    """YaRN as its paper has it: frequencies that turn often within the original context stay, those that turn less
    than once are divided by the factor, and there is a ramp between, whose ends are whole numbers. Cosines and sines
    grow by 0.1 ln(factor) + 1 unless the file says by how much.

    llama.cpp passes over the ramp's ends of most architectures (``yarn_beta_fast``, ``yarn_beta_slow``) and takes its
    own; here those of the file count.
    """
    for key, values in _UNSUPPORTED.items():
        if key in keys and keys.get(key) not in values:
            keys.fail(key, f"absent or {' or '.join(map(str, values))} (it is not supported)", keys.get(key))
    original = keys.integer("rope.scaling.original_context_length")
    fast = keys.real("rope.scaling.yarn_beta_fast", default=_BETA_FAST)
    slow = keys.real("rope.scaling.yarn_beta_slow", default=_BETA_SLOW)
    low, high = (dim * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta)) for turns in (fast, slow))
    low, high = max(math.floor(low), 0), min(math.ceil(high), dim - 1)
    # A ramp from a place to itself is a step.
    ramp = np.clip((np.arange(dim // 2) - low) / (high - low if high != low else 0.001), 0, 1)
    magnitude = keys.real("rope.scaling.yarn_attn_factor", default=0.1 * math.log(factor) + 1 if factor > 1 else 1.0)
    return Rope(dim=dim, theta=theta, halves=halves, factors=1 / (ramp / factor + (1 - ramp)), magnitude=magnitude)
