"""Bytes that a token needs from DRAM, each once."""

from gateware.isa import CodeKind
from host.image.formats import FORMATS

__all__ = ["kv_bytes", "macs", "useful_bytes", "weight_bytes"]

_FP32_BYTES = 4
_TRITS = 5  # in a byte


def weight_bytes(tensor, *, matrix=True):
    """Bytes of a tensor's rows as packed, without any padding: codes, sub-scales, scales and minimums.

    Without `matrix` it is one of those that the vector unit takes as fp32.
    """
    rows, columns = tensor.shape
    if not matrix:
        return rows * columns * _FP32_BYTES
    form = FORMATS[tensor.ggml_type]
    vectors = -(-columns // 32)
    both = 2 if form.minimum else 1
    code_bits = columns * 8 / _TRITS if form.code_kind == CodeKind.TRITS else columns * form.code_bits
    sub_bits = vectors * form.vector_subs * form.sub_bits * both
    scale_bits = vectors * form.vector_scales // form.super_vectors * 8 * form.scale_bytes * both
    return rows * (code_bits + sub_bits + scale_bits) / 8


def kv_bytes(hp, position, kv_bits=16):
    """Bytes of K and V, with their scales, of what a token sees: ``position`` positions, its own included, or as many
    of them as are in the window and before it."""
    seen = sum(_seen(hp, layer, position) for layer in range(hp.layers))
    return seen * hp.kv_heads * 2 * (hp.head_dim * kv_bits // 8 + _FP32_BYTES)


def _seen(hp, layer, position):
    """How many of ``position`` positions the last one sees in a layer."""
    kind = hp.kind(layer)
    return position if kind.window is None else min(position, kind.window + kind.sinks)


def useful_bytes(model, position, kv_bits=16):
    """Bytes that decoding a token needs, each weight and each element of K and V once.

    Of the embedding only a row counts, unless it is the output matrix too. What is read again counts once;
    the program, the rope table, padding and what is written do not count.

    Parameters
    ----------
    model : host.gguf.model.Model
        With all its layers.
    position : int
        Length of the KV cache, the token's own position included.
    kv_bits : int
        Bits of its codes.

    Returns
    -------
    int
    """
    total = 0
    for name, tensor in model.tensors.items():
        row_only = name == "token_embd.weight" and not model.hyperparameters.tied
        total += weight_bytes(tensor, matrix=model.is_matrix(name)) / (tensor.shape[0] if row_only else 1)
    return round(total + kv_bytes(model.hyperparameters, position, kv_bits))


def macs(model, position, *, output=True):
    """Multiplications of a token in the dot engine, with a KV cache of ``position``."""
    hp = model.hyperparameters
    total = 2 * hp.heads * hp.head_dim * sum(_seen(hp, layer, position) for layer in range(hp.layers))
    for name, tensor in model.tensors.items():
        if model.is_matrix(name) and name not in ("token_embd.weight", "output.weight"):
            total += tensor.shape[0] * tensor.shape[1]
    return total + (model.output.shape[0] * model.output.shape[1] if output else 0)
