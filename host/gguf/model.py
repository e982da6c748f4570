"""A llama model in a GGUF file: hyperparameters and tensors, checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.arch.hyperparameters import Hyperparameters
from host.gguf.metadata import Metadata
from host.gguf.tensor import FLOAT_TYPES, SCALE_FIELDS, Tensor

__all__ = ["SUPPORTED_TYPES", "Hyperparameters", "Model", "Tensor", "check_values", "load"]

#: Tensor formats that `load` accepts; a block format joins them by its entry in `host.gguf.tensor.SCALE_FIELDS`.
SUPPORTED_TYPES = (*FLOAT_TYPES, *SCALE_FIELDS)

_OUTPUT = "output.weight"
_EMBEDDING = "token_embd.weight"
_ROPE_FACTORS = "rope_freqs.weight"


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model.

    Attributes
    ----------
    path : pathlib.Path
    metadata : dict
        Every key of the file (see `host.gguf.file.GGUFFile`).
    hyperparameters : Hyperparameters
    tensors : dict of str to Tensor
        By ggml's names, in the order of the file; ``output.weight`` is absent from a tied model.
    """

    path: Path
    metadata: dict
    hyperparameters: Hyperparameters
    tensors: dict[str, Tensor]

    @property
    def output(self):
        """The matrix that turns the last normalised state into logits."""
        return self.tensors[_EMBEDDING if self.hyperparameters.tied else _OUTPUT]


def load(path, *, check=True):
    """Open a GGUF file of architecture ``llama``; tensor data stay in the memory-mapped file.

    Parameters
    ----------
    path : str or os.PathLike
    check : bool
        Also read all tensors once, to find NaN, infinity and reserved codes (see `check_values`).

    Returns
    -------
    Model

    Raises
    ------
    CelosiaError
        One line that names the file, the tensor or key and the value.
    """
    file = GGUFFile(path)
    architecture = Metadata(path, file.metadata).text("general.architecture")
    if architecture != "llama":
        raise CelosiaError(f"{path}: architecture must be 'llama', not {architecture!r}")
    if _EMBEDDING not in file.tensors:
        raise CelosiaError(f"{path}: tensor {_EMBEDDING!r} is missing")
    factors = None
    if _ROPE_FACTORS in file.tensors:
        factors = _open(file, _ROPE_FACTORS, FLOAT_TYPES).dequantise()[0]
        if not (np.isfinite(factors).all() and (factors > 0).all()):
            raise CelosiaError(f"{path}: tensor {_ROPE_FACTORS!r} must hold positive numbers")
    hyperparameters = Hyperparameters.from_metadata(
        path, file.metadata, embedding_rows=_open(file, _EMBEDDING, SUPPORTED_TYPES).shape[0],
        tied=_OUTPUT not in file.tensors, rope_freq_factors=factors)
    expected = _expected_shapes(hyperparameters, file.tensors)
    for name in file.tensors:
        if name not in expected:
            raise CelosiaError(f"{path}: tensor {name!r} is not supported")
    for name in expected:
        if name not in file.tensors:
            raise CelosiaError(f"{path}: tensor {name!r} is missing")
    tensors = {}
    for name in file.tensors:
        tensor = _open(file, name, FLOAT_TYPES if expected[name][0] is None else SUPPORTED_TYPES)
        rows, columns = expected[name]
        if tensor.shape != (rows or 1, columns) or (rows is None) != (len(file.tensors[name].dims) == 1):
            found = tuple(reversed(file.tensors[name].dims))
            wanted = (columns,) if rows is None else (rows, columns)
            raise CelosiaError(f"{path}: tensor {name!r} must have shape {wanted}, not {found}")
        tensors[name] = tensor
    tensors.pop(_ROPE_FACTORS, None)
    model = Model(Path(path), file.metadata, hyperparameters, tensors)
    if check:
        check_values(model)
    return model


def check_values(model):
    """Look for NaN and infinity in all scales and in all weights that have none, and for reserved codes.

    Raises
    ------
    CelosiaError
        Naming the tensor, the row and the block or column of the first one found.
    """
    for tensor in model.tensors.values():
        tensor.check_values(model.path)


def _expected_shapes(hp, present):
    """(rows, columns) of every tensor of such a model; rows is None for vectors."""
    shapes = {_EMBEDDING: (hp.vocab, hp.dim), "output_norm.weight": (None, hp.dim)}
    if not hp.tied:
        shapes[_OUTPUT] = (hp.vocab, hp.dim)
    if hp.rope_freq_factors is not None:
        shapes[_ROPE_FACTORS] = (None, hp.rope_dim // 2)
    query, key = hp.heads * hp.head_dim, hp.kv_heads * hp.head_dim
    # A damaged block count can be huge: one layer more than the file can hold is enough to miss a tensor.
    for layer in range(min(hp.layers, len(present) + 1)):
        shapes |= {f"blk.{layer}.{name}.weight": shape for name, shape in {
            "attn_norm": (None, hp.dim),
            "attn_q": (query, hp.dim),
            "attn_k": (key, hp.dim),
            "attn_v": (key, hp.dim),
            "attn_output": (hp.dim, query),
            "ffn_norm": (None, hp.dim),
            "ffn_gate": (hp.ffn, hp.dim),
            "ffn_up": (hp.ffn, hp.dim),
            "ffn_down": (hp.dim, hp.ffn),
        }.items()}
    return shapes


def _open(file, name, types):
    """The tensor called `name`, its format and its extent in the file checked."""
    info = file.tensors[name]
    where = f"{file.path}: tensor {name!r}"
    try:
        type_name = GGMLQuantizationType(info.type_code).name
    except ValueError:
        raise CelosiaError(f"{where} has the unknown type {info.type_code}; "
                           f"supported are {', '.join(types)}") from None
    if type_name not in types:
        raise CelosiaError(f"{where} has type {type_name}; supported are {', '.join(types)}")
    if len(info.dims) not in (1, 2) or min(info.dims) == 0:
        raise CelosiaError(f"{where} must have one or two dimensions, none 0, "
                           f"not {tuple(reversed(info.dims))}")
    columns, rows = (*info.dims, 1)[:2]
    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[type_name]]
    if columns % block:
        raise CelosiaError(f"{where}: the row length must be a multiple of the {type_name} block of {block}, "
                           f"not {columns}")
    row_bytes = columns // block * size
    stop = info.offset + rows * row_bytes
    if stop > file.data.size:
        raise CelosiaError(f"{where} is truncated: it ends at byte {stop}, the file has {file.data.size}")
    raw = file.data[info.offset:stop].reshape(rows, row_bytes)
    return Tensor(name, (rows, columns), type_name, raw)
