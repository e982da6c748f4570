"""Kinds of instructions, from their labels."""

import re

__all__ = ["BETWEEN", "KINDS", "kind_of", "layer_of"]

BETWEEN = "between"
"""Kind of the cycles in which no unit executes anything."""

_PATTERNS = (
    ("embedding", r"token_embd|rope\.|one$"),
    ("norm", r"(attn|ffn|output)_norm"),
    ("rope", r"rope_[qk]"),
    ("store", r"kv\.\d+\.(key|value)\."),
    ("quantise", r"query\.|(attn_output|ffn_down)\.x"),
    ("score", r"kv\.\d+\.score"),
    ("softmax", r"softmax\."),
    ("mix", r"kv\.\d+\.mix|mix\."),
    ("silu", r"silu"),
    ("residual", r"(attn_output|ffn_down)\.add"),
    ("matrix", r"attn_[qkv]$|attn_output|ffn_(gate|up|down)"),
    ("output", r"output"),
)

KINDS = (*(kind for kind, _ in _PATTERNS), "other", BETWEEN)
"""In the order in which reports list them."""

_LAYER = re.compile(r"blk\.(\d+)\.")


def layer_of(label):
    """The layer that an instruction belongs to; None outside of layers."""
    match = _LAYER.match(label)
    return match and int(match[1])


def kind_of(label):
    """One of :data:`KINDS`."""
    name = _LAYER.sub("", label, count=1)
    return next((kind for kind, pattern in _PATTERNS if re.match(pattern, name)), "other")
