"""The tensors of a transformer block, and of a model's ends."""

from host.arch.tensor_part import Halves, TensorPart
from host.arch.tensor_spec import TensorKind, TensorSpec

__all__ = ["attention_tensors", "feed_forward_tensors", "head_norm_tensors", "matrix", "norm_tensors", "vector"]


def matrix(rows, columns, *, optional=False, parts=()):
    """A matrix in any format."""
    return TensorSpec(TensorKind.MATRIX, (rows, columns), optional, parts)


def vector(*shape, optional=False, parts=()):
    """Numbers for the vector unit."""
    return TensorSpec(TensorKind.VECTOR, shape, optional, parts)


def norm_tensors(names, length, *, bias):
    """Weights of norms, and a bias each where norms have one."""
    specs = {}
    for name in names:
        specs[f"{name}.weight"] = vector(length)
        if bias:
            specs[f"{name}.bias"] = vector(length)
    return specs


def head_norm_tensors(hp, where, *, own=False, whole=False, optional=False):
    """Norms of queries and keys.

    Parameters
    ----------
    own : bool
        Each head has weights of its own.
    whole : bool
        The elements of all heads are normalised together.
    optional : bool
        A file may do without.
    """
    specs = {}
    for name, heads in (("attn_q_norm", hp.heads), ("attn_k_norm", hp.kv_heads)):
        full, count = f"{where}.{name}.weight", heads * hp.head_dim if whole else hp.head_dim
        specs[full] = vector(*((heads, count) if own else (count,)), optional=optional,
                             parts=(_part(hp, full, "", count),))
    return specs


def attention_tensors(hp, where, *, biases=(), optional_biases=()):
    """Matrices of queries, keys, values and output: separate, or the first three in one.

    Parameters
    ----------
    where : str
        ``blk.0`` and so on.
    biases, optional_biases : collection of str
        Those of ``attn_q``, ``attn_k``, ``attn_v`` and ``attn_output`` that have a bias, or may have one.
    """
    query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
    lengths = {"attn_q": query, "attn_k": key, "attn_v": key}
    if hp.fused_qkv:
        def parts(kind):
            return tuple(_part(hp, f"{where}.{name}.{kind}", name, length) for name, length in lengths.items())

        specs = {f"{where}.attn_qkv.weight": matrix(query + 2 * key, hp.dim, parts=parts("weight"))}
        if "attn_q" in biases or "attn_q" in optional_biases:
            specs[f"{where}.attn_qkv.bias"] = vector(query + 2 * key, optional="attn_q" not in biases,
                                                     parts=parts("bias"))
    else:
        specs = {}
        for name, length in lengths.items():
            weight, bias = (_part(hp, f"{where}.{name}.{kind}", name, length) for kind in ("weight", "bias"))
            specs[weight.name] = matrix(length, hp.dim, parts=(weight,))
            if name in biases or name in optional_biases:
                specs[bias.name] = vector(length, optional=name not in biases, parts=(bias,))
    specs[f"{where}.attn_output.weight"] = matrix(hp.dim, query)
    if "attn_output" in biases or "attn_output" in optional_biases:
        specs[f"{where}.attn_output.bias"] = vector(hp.dim, optional="attn_output" not in biases)
    return specs


def feed_forward_tensors(hp, where, *, fused=False, biases=(), optional_biases=()):
    """Matrices of the feed-forward network: gate, if it has one, up and down.

    Parameters
    ----------
    fused : bool
        The rows of gate are the first half of ``ffn_up``.
    biases, optional_biases : collection of str
        Those of ``ffn_gate``, ``ffn_up`` and ``ffn_down`` that have a bias, or may have one.
    """
    rows = {"ffn_gate": hp.ffn} if hp.gated and not fused else {}
    rows |= {"ffn_up": 2 * hp.ffn if fused else hp.ffn, "ffn_down": hp.dim}
    halves = tuple(TensorPart(f"{where}.{name}.weight", hp.ffn) for name in ("ffn_gate", "ffn_up"))
    specs = {f"{where}.{name}.weight": matrix(count, hp.ffn if name == "ffn_down" else hp.dim,
                                              parts=halves if fused and name == "ffn_up" else ())
             for name, count in rows.items()}
    return specs | {f"{where}.{name}.bias": vector(count, optional=name not in biases)
                    for name, count in rows.items() if name in biases or name in optional_biases}


def _part(hp, full, name, count):
    """A part; in another order if it holds queries or keys of which rope turns halves."""
    rope = next((kind.rope for kind in hp.kinds if kind.rope), None)
    halves = Halves(hp.head_dim, rope.dim) if rope and rope.halves and name != "attn_v" else None
    return TensorPart(full, count, halves)
