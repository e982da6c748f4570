"""A tensor of a file, its type and its place checked."""

import math

from host.errors import CelosiaError, quoted
from host.gguf.foreign import type_name
from host.gguf.tensor import FLOAT_TYPES, SCALE_FIELDS, Tensor
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["SUPPORTED_TYPES", "open_tensor"]

SUPPORTED_TYPES = (*FLOAT_TYPES, *SCALE_FIELDS)
"""Types of the matrices that can be read; a block format joins them by its entry in `host.gguf.tensor.SCALE_FIELDS`."""

_CODE_BOOKS = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S")
"""Types whose codes are numbers of vectors of four or eight weights."""

_PRISM_BLOCK, _PRISM_BYTES = 128, 34


def open_tensor(file, name, types):
    """The tensor called ``name``.

    Parameters
    ----------
    file : host.gguf.file.GGUFFile
    name : str
        One of its tensors.
    types : tuple of str
        Those that the tensor may have.

    Returns
    -------
    host.gguf.tensor.Tensor

    Raises
    ------
    CelosiaError
        Naming the file, the tensor and what is wrong with its type, its dimensions or its extent.
    """
    info = file.tensors[name]
    where = f"{info.path}: tensor {quoted(name)}"
    try:
        kind = type_name(info.type_code)
    except ValueError as error:
        raise CelosiaError(f"{where} {error}; supported are {', '.join(types)}") from None
    if kind in _CODE_BOOKS and len(types) > len(FLOAT_TYPES):
        raise CelosiaError(f"{where} has type {kind}, whose weights stand in a code book, four or eight together, "
                           f"which nothing here decodes; supported are {', '.join(types)}")
    if kind not in types:
        raise CelosiaError(f"{where} has type {kind}; supported are {', '.join(types)}")
    if not info.dims or 0 in info.dims:
        raise CelosiaError(f"{where} must have dimensions, none of them 0, not {tuple(reversed(info.dims))}")
    columns = info.dims[0]
    rows = math.prod(info.dims[1:])
    block, size = TENSOR_TYPES[kind].block, TENSOR_TYPES[kind].block_bytes
    if columns % block:
        raise CelosiaError(f"{where}: the row length must be a multiple of the {kind} block of {block}, "
                           f"not {columns}")
    row_bytes = columns // block * size
    stop = info.offset + rows * row_bytes
    if kind == "Q2_0":
        _refuse_large_blocks(file, info, where, stop)
    if stop > info.data.size:
        raise CelosiaError(f"{where} is truncated: it ends at byte {stop}, the file has {info.data.size}")
    raw = info.data[info.offset:stop].reshape(rows, row_bytes)
    return Tensor(name, (rows, columns), kind, raw)


def _refuse_large_blocks(file, info, where, stop):
    """Refuse a Q2_0 that has no room for blocks of 64 weights, but for those of 128 that had this number before."""
    following = [other.offset for other in file.tensors.values()
                 if other.path == info.path and other.offset > info.offset]
    room = min([info.data.size, *following]) - info.offset
    large = math.prod(info.dims) // _PRISM_BLOCK * _PRISM_BYTES
    if stop - info.offset > room >= large and not info.dims[0] % _PRISM_BLOCK:
        raise CelosiaError(f"{where} has type Q2_0 with blocks of {_PRISM_BLOCK} weights, as PrismML's llama.cpp "
                           f"writes them; ggml's own have 64: take the file of this model whose name ends in Q2_0_g64")
